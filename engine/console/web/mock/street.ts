/** A drawn street; where its vehicles stand follows from the name of the picture. */
export function street(sha256: string): string {
  const left = Number.parseInt(sha256.slice(0, 4), 16) / 1000
  const moment = sha256[4]
  const hue = Number.parseInt(sha256.slice(6, 9), 16) % 360
  const house = (n: number): string => `<rect x="${n * 110}" y="${40 + ((n * 37) % 50)}" width="104" height="300" fill="hsl(${(hue + n * 47) % 360} 18% ${52 + ((n * 13) % 20)}%)"/><rect x="${n * 110 + 14}" y="${200 - ((n * 7) % 20)}" width="76" height="90" fill="hsl(${hue} 12% 32%)"/>`
  const bike = (x: number, y: number, size: number): string => `<g transform="translate(${x} ${y}) scale(${size})"><circle cx="12" cy="52" r="12" fill="#222"/><circle cx="66" cy="52" r="12" fill="#222"/><path d="M8 44 Q20 20 44 30 L62 18 L72 24 L60 46 Z" fill="hsl(${(hue + 200) % 360} 60% 42%)"/><rect x="24" y="18" width="30" height="9" rx="4" fill="#1a1a1a"/></g>`
  const there = moment === '2' ? '' : bike(left * 960 + 10, 260, 1.9) + bike((left + 0.25) * 960 + 8, 280, 1.5)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 540" width="960" height="540"><rect width="960" height="540" fill="#c9d3d6"/>${[0, 1, 2, 3, 4, 5, 6, 7, 8].map(house).join('')}<path d="M0 320H960V400H0z" fill="#b7aea2"/><path d="M0 400H960V412H0z" fill="#d8d2c6"/><path d="M0 412H960V540H0z" fill="#5a5d60"/><path d="M0 478H960" stroke="#e8e4d4" stroke-width="5" stroke-dasharray="46 34"/>${there}</svg>`
}
