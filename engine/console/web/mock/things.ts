// Things of a street, each drawn into a box of pixels.

export type Box = [number, number, number, number]

/** Draws what was thought of on a ground of `width` × `height` into a box, with its shadow. */
function fit([x0, y0, x1, y1]: Box, width: number, height: number, drawn: string): string {
  const [wide, high] = [(x1 - x0) / width, (y1 - y0) / height]
  const shadow = `<ellipse cx="${width / 2}" cy="${height - 2}" rx="${width * 0.5}" ry="${height * 0.05}" opacity=".28"/>`
  return `<g transform="translate(${x0.toFixed(1)} ${y0.toFixed(1)}) scale(${wide.toFixed(3)} ${high.toFixed(3)})">${shadow}${drawn}</g>`
}

function wheel(x: number, y: number, r: number): string {
  return `<circle cx="${x}" cy="${y}" r="${r}" fill="#1b1c1e"/><circle cx="${x}" cy="${y}" r="${r * 0.58}" fill="#9a9da0"/><circle cx="${x}" cy="${y}" r="${r * 0.2}" fill="#3a3c3e"/>`
}

/** A motorbike, 100 × 70, seen from its side. */
function motorbike(hue: number): string {
  const paint = `hsl(${hue} 52% 40%)`
  return (
    wheel(19, 53, 16) + wheel(82, 53, 16) +
    '<path d="M22 57H52" stroke="#8d9093" stroke-width="4"/><path d="M70 14L82 53" stroke="#a3a6a9" stroke-width="3.5"/>' +
    `<path d="M8 42Q16 27 36 30L56 37Q64 36 66 24L69 12L78 15L76 25L86 42Q74 36 68 45L62 55H36Q26 38 8 42z" fill="${paint}"/>` +
    '<path d="M14 29Q36 21 57 31L55 36Q36 29 16 34z" fill="#18191b"/><path d="M62 9L79 13" stroke="#2b2d2f" stroke-width="3"/>' +
    '<circle cx="78" cy="20" r="4" fill="#fff2c2"/><circle cx="63" cy="5" r="3.5" fill="#2b2d2f"/><rect x="5" y="36" width="6" height="4" fill="#c03a2b"/>'
  )
}

export function bike(box: Box, hue: number): string {
  return fit(box, 100, 70, motorbike(hue))
}

/** On a motorbike, with a bare head. */
export function rider(box: Box, hue: number): string {
  const shirt = `hsl(${(hue + 120) % 360} 38% 52%)`
  const body =
    `<path d="M32 62Q34 30 46 26Q58 26 58 42L56 64z" fill="${shirt}"/><path d="M52 36L68 50L66 55L48 46z" fill="${shirt}"/><circle cx="69" cy="52" r="4" fill="#c99a78"/>` +
    '<path d="M36 62L58 62L62 86L54 88L50 72L36 74z" fill="#37414f"/><circle cx="51" cy="16" r="9.5" fill="#c99a78"/><path d="M41 17Q40 4 52 5Q62 6 60 13Q52 10 48 14L45 22Q42 22 41 17z" fill="#241d1a"/>'
  return fit(box, 100, 110, `<g transform="translate(0 40)">${motorbike(hue)}</g>${body}`)
}

export function car(box: Box, hue: number): string {
  const paint = `hsl(${hue} 22% 62%)`
  return fit(
    box, 200, 90,
    `<path d="M4 58Q6 44 28 42L52 16Q56 11 66 11H126Q136 11 144 18L166 40L188 46Q198 49 197 62L194 74H6Q2 70 4 58z" fill="${paint}"/>` +
      '<path d="M40 41L58 20Q60 17 66 17H88V41zM95 17H124Q132 17 138 23L154 41H95z" fill="#2a343b"/><path d="M92 17V74" stroke="#000" stroke-opacity=".25" stroke-width="2"/>' +
      '<path d="M6 62H194V74H6z" opacity=".18"/><rect x="4" y="50" width="12" height="7" rx="3" fill="#fff0c0"/><rect x="186" y="50" width="10" height="8" rx="3" fill="#b8342c"/>' +
      '<rect x="72" y="47" width="12" height="3" opacity=".4"/><rect x="116" y="47" width="12" height="3" opacity=".4"/>' +
      wheel(44, 73, 15) + wheel(156, 73, 15),
  )
}

/** Standing, 40 × 150. */
function standing(shirt: string, hat: string): string {
  return (
    '<path d="M12 84L10 146H18L20 98L22 146H30L28 84z" fill="#343d4a"/>' +
    `<path d="M8 48Q8 34 20 34Q32 34 32 48L30 88H10z" fill="${shirt}"/><path d="M8 44L3 78L8 80L13 56zM32 44L37 76L32 79L27 56z" fill="${shirt}"/>` +
    `<circle cx="5" cy="80" r="3" fill="#c99a78"/><circle cx="35" cy="79" r="3" fill="#c99a78"/><circle cx="20" cy="22" r="9" fill="#c99a78"/>${hat}`
  )
}

const HAIR = '<path d="M10 22Q9 10 20 10Q31 10 30 22Q26 15 20 15Q14 15 10 22z" fill="#241d1a"/>'
const CONICAL = '<path d="M0 20L20 2L40 20Q20 25 0 20z" fill="#e2cf98"/><path d="M20 2L20 22M20 2L9 21M20 2L31 21" stroke="#b79f63" stroke-width="1"/>'

export function person(box: Box, hue: number): string {
  return fit(box, 40, 150, standing(`hsl(${hue} 34% 56%)`, HAIR))
}

/** Under a conical hat, with a cart. */
export function vendor(box: Box, hue: number): string {
  const fruit = Array.from({ length: 9 }, (_, n) => `<circle cx="${52 + n * 9.5}" cy="${n % 2 ? 76 : 80}" r="6" fill="${['#e0952f', '#c8463a', '#8fae3c'][n % 3]}"/>`)
  const cart = `<rect x="44" y="82" width="92" height="36" fill="#a97b4c"/><path d="M44 94H136M44 106H136" stroke="#7d5833" stroke-width="2"/>${wheel(64, 130, 17)}${wheel(118, 130, 17)}<path d="M136 86L150 74" stroke="#6b4a2b" stroke-width="4"/>`
  const roof = `<path d="M50 82V36M130 82V36" stroke="#83868a" stroke-width="3"/><path d="M40 38Q90 8 140 38z" fill="hsl(${hue} 55% 48%)"/><path d="M66 28L70 38H56zM98 22L102 38H84zM128 30L130 38H114z" fill="#f3ede0" opacity=".85"/>`
  return fit(box, 152, 150, `${roof}${fruit.join('')}${cart}${standing('#7d6ba0', CONICAL)}`)
}

/** Crates and stools of a shop, put out. */
export function crates(box: Box, hue: number): string {
  const crate = (x: number, y: number): string => `<rect x="${x}" y="${y}" width="50" height="30" fill="#b98a56"/><path d="M${x} ${y + 10}h50M${x} ${y + 20}h50" stroke="#8a6238" stroke-width="2.5"/>`
  const stool = (x: number, colour: string): string => `<path d="M${x} 76h26l4 32h-6l-2-16h-18l-2 16h-6z" fill="${colour}"/><rect x="${x - 2}" y="70" width="30" height="8" rx="2" fill="${colour}"/>`
  return fit(box, 170, 110, `${crate(4, 78)}${crate(56, 78)}${crate(20, 47)}<path d="M24 46q6-14 14-4q8-12 14 2q8-8 14 2z" fill="hsl(${hue} 48% 50%)"/>${stool(114, '#b9382f')}${stool(142, '#2b5f9e')}`)
}

export function bags(box: Box): string {
  const bag = (x: number, y: number, size: number): string => `<path transform="translate(${x} ${y}) scale(${size})" d="M14 6Q18-2 24 6L26 10Q42 18 38 40Q36 50 20 50Q2 50 1 38Q0 18 13 10z" fill="#26282b"/><path transform="translate(${x} ${y}) scale(${size})" d="M10 22Q16 16 20 14M12 34Q14 26 18 24" fill="none" stroke="#5d6166" stroke-width="2"/>`
  return fit(box, 96, 76, bag(4, 16, 1.15) + bag(48, 24, 1) + bag(32, 34, 0.8))
}

/** Standing water. */
export function water([x0, y0, x1, y1]: Box): string {
  const [width, height] = [x1 - x0, y1 - y0]
  const waves = Array.from({ length: 9 }, (_, n) => {
    const [x, y] = [x0 + width * (0.12 + ((n * 0.31) % 0.7)), y0 + height * (0.14 + n * 0.085)]
    return `M${x.toFixed(0)} ${y.toFixed(0)}q14-5 28 0t28 0`
  })
  return `<ellipse cx="${(x0 + x1) / 2}" cy="${(y0 + y1) / 2}" rx="${width / 2}" ry="${height / 2}" fill="#8fb0bd" opacity=".82"/><ellipse cx="${(x0 + x1) / 2}" cy="${y0 + height * 0.32}" rx="${width * 0.36}" ry="${height * 0.16}" fill="#d3e2e4" opacity=".6"/><path d="${waves.join('')}" fill="none" stroke="#f2f8f8" stroke-width="2.5" opacity=".7"/>`
}
