// Pictures of the made-up city, drawn: what a camera over the road sees of the other side. All follows from the name
// of a picture, and what an incident says of its subjects from the same numbers.
import { bags, bike, car, crates, person, rider, vendor, water, type Box } from './things.ts'

/** What may be in a picture; the place in this list is in its name. */
const KINDS = ['bikes', 'cars', 'vending', 'riding', 'riding', 'water', 'goods', 'dumping'] as const

const WIDTH = 960
const HEIGHT = 540
/** Where houses, sidewalk and kerb end. */
const HOUSES = 318
const SIDEWALK = 404
const KERB = 416

/** Fractions of the picture, from where the first of them stands. */
const BOXES: Record<(typeof KINDS)[number], (left: number) => Box[]> = {
  bikes: (x) => [[x, 0.52, x + 0.15, 0.715], [x + 0.22, 0.53, x + 0.35, 0.7]],
  cars: (x) => [[x - 0.12, 0.6, x + 0.13, 0.83], [x + 0.19, 0.59, x + 0.42, 0.8]],
  vending: (x) => [[x, 0.42, x + 0.16, 0.73], [x + 0.2, 0.44, x + 0.265, 0.72]],
  riding: (x) => [[x, 0.55, x + 0.15, 0.88], [x + 0.25, 0.52, x + 0.38, 0.81]],
  water: (x) => [[Math.max(0.02, x - 0.1), 0.76, Math.min(0.98, x + 0.6), 0.99]],
  goods: (x) => [[x, 0.53, x + 0.17, 0.73], [x + 0.24, 0.55, x + 0.36, 0.71]],
  dumping: (x) => [[x, 0.43, x + 0.07, 0.72], [x + 0.09, 0.6, x + 0.19, 0.74]],
}

const DRAW: Record<(typeof KINDS)[number], ((box: Box, hue: number) => string)[]> = {
  bikes: [bike, bike],
  cars: [car, car],
  vending: [vendor, person],
  riding: [rider, rider],
  water: [water],
  goods: [crates, crates],
  dumping: [person, bags],
}

function kindAt(kind: number): (typeof KINDS)[number] {
  return KINDS[kind % KINDS.length] ?? 'bikes'
}

/** What stands in a picture of kind number `kind`, the first of it at `left`. */
export function boxesAt(kind: number, left: number): Box[] {
  return BOXES[kindAt(kind)](left)
}

/**
 * The beginning of the name of such a picture: at one of three moments, the last of which shows that it is over; all
 * that has a colour follows from the hue.
 */
export function nameAt(kind: number, left: number, moment: number, hue: number): string {
  return `${Math.round(left * 1000).toString(16).padStart(4, '0')}${moment}${kind}${(hue % 360).toString(16).padStart(3, '0')}`
}

export function street(name: string): string {
  const left = Number.parseInt(name.slice(0, 4), 16) / 1000
  const [moment, kind] = [Number(name[4]), Number.parseInt(name[5] ?? '0', 16)]
  const hue = Number.parseInt(name.slice(6, 9), 16) % 360
  const boxes = moment === 2 ? [] : boxesAt(kind, left)
  const px = ([x0, y0, x1, y1]: Box): Box => [x0 * WIDTH, y0 * HEIGHT, x1 * WIDTH, y1 * HEIGHT]
  const things = boxes.map((box, n) => DRAW[kindAt(kind)][n]?.(px(box), (hue + 140 * n + 200) % 360) ?? '')
  const parts = [sky(hue), ...houses(hue), ground(), wires(), tree(80 + (hue % 60)), tree(700 + (hue % 90)), passing(hue, moment), ...things]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">${DEFS}${parts.join('')}<rect width="${WIDTH}" height="${HEIGHT}" fill="url(#dim)"/></svg>`
}

const DEFS =
  '<defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="#c7d9e2"/><stop offset="1" stop-color="#f1ece0"/></linearGradient>' +
  '<linearGradient id="road" x2="0" y2="1"><stop stop-color="#6a6d70"/><stop offset="1" stop-color="#4b4e51"/></linearGradient>' +
  '<linearGradient id="walk" x2="0" y2="1"><stop stop-color="#a99e8e"/><stop offset="1" stop-color="#cbc1b1"/></linearGradient>' +
  '<radialGradient id="dim" r=".75"><stop offset=".6" stop-opacity="0"/><stop offset="1" stop-opacity=".28"/></radialGradient></defs>'

function sky(hue: number): string {
  const far = Array.from({ length: 6 }, (_, n) => `<rect x="${n * 170 + (hue % 50)}" y="${30 + ((n * 53 + hue) % 70)}" width="90" height="200" fill="#b9c4c6" opacity=".6"/>`)
  return `<rect width="${WIDTH}" height="${HOUSES}" fill="url(#sky)"/>${far.join('')}`
}

/** Tube houses: narrow, high, a shop below. */
function houses(hue: number): string[] {
  const drawn: string[] = []
  for (let [x, n] = [-30 - (hue % 40), 0]; x < WIDTH; n += 1) {
    const width = 88 + ((n * 29 + hue) % 46)
    drawn.push(house(x, width, 3 + ((n * 7 + hue) % 3), n, hue))
    x += width + 1
  }
  return drawn
}

const WALLS = ['#d9c7a3', '#c9d3c2', '#dcb9a0', '#b9c9d2', '#e3d9c4', '#cdb5a7', '#d5cf9f', '#bfc7b4']
const AWNINGS = ['#b5443c', '#2f6f5e', '#2d5f8e', '#c78a2c', '#7a4a78']

function house(x: number, width: number, floors: number, n: number, hue: number): string {
  const FLOOR = 62
  const SHOP = 92
  const top = HOUSES - SHOP - floors * FLOOR + ((n * 11) % 18)
  const wall = WALLS[(n * 3 + hue) % WALLS.length]
  const awning = AWNINGS[(n * 2 + hue) % AWNINGS.length]
  const upper = Array.from({ length: floors }, (_, floor) => {
    const y = HOUSES - SHOP - (floor + 1) * FLOOR + 10
    const panes = `<path d="M${x + width * 0.36} ${y}v34M${x + width * 0.64} ${y}v34" stroke="${wall}" stroke-width="3"/>`
    const rail = `<path d="M${x + 8} ${y + 26}H${x + width - 8}M${x + 8} ${y + 40}H${x + width - 8}" stroke="#5c5f5b" stroke-width="2"/><path d="M${x + 10} ${y + 33}H${x + width - 10}" stroke="#5c5f5b" stroke-width="13" stroke-dasharray="1.5 5" opacity=".8"/>`
    return `<rect x="${x + width * 0.16}" y="${y}" width="${width * 0.68}" height="36" fill="#3f4a4d"/>${panes}${(floor + n) % 2 ? rail : ''}<rect x="${x}" y="${y + 46}" width="${width}" height="4" fill="#000" opacity=".12"/>`
  })
  const stripes = Array.from({ length: Math.floor((width - 8) / 14) }, (_, k) => `<path d="M${x + 6 + k * 14} ${HOUSES - 76}h7l-2 20h-8z" fill="#f3ede0"/>`)
  const shutter = n % 3 === 1 ? `<path d="M${x + 10} ${HOUSES - 27}H${x + width - 10}" stroke="#8d908b" stroke-width="54" stroke-dasharray="none"/><path d="M${x + 10} ${HOUSES - 48}H${x + width - 10}M${x + 10} ${HOUSES - 38}H${x + width - 10}M${x + 10} ${HOUSES - 28}H${x + width - 10}M${x + 10} ${HOUSES - 18}H${x + width - 10}M${x + 10} ${HOUSES - 8}H${x + width - 10}" stroke="#6d706c" stroke-width="2"/>` : `<rect x="${x + 16}" y="${HOUSES - 30}" width="${width * 0.3}" height="30" fill="#8a6f4c"/><rect x="${x + width * 0.6}" y="${HOUSES - 40}" width="${width * 0.22}" height="40" fill="#6b7f7a"/><circle cx="${x + width / 2}" cy="${HOUSES - 48}" r="4" fill="#ffe9a8"/>`
  return (
    `<rect x="${x}" y="${top}" width="${width}" height="${HOUSES - top}" fill="${wall}"/><rect x="${x - 2}" y="${top - 6}" width="${width + 4}" height="9" fill="#8f8778"/>${upper.join('')}` +
    `<rect x="${x + 6}" y="${HOUSES - 90}" width="${width - 12}" height="15" fill="${AWNINGS[(n + 2) % AWNINGS.length]}"/><path d="M${x + 16} ${HOUSES - 82}h${width * 0.5}" stroke="#fff" stroke-width="4" stroke-dasharray="9 4" opacity=".85"/>` +
    `<rect x="${x + 10}" y="${HOUSES - 58}" width="${width - 20}" height="58" fill="#2f302c"/>${shutter}` +
    `<path d="M${x + 4} ${HOUSES - 76}h${width - 8}l-3 20h${14 - width}z" fill="${awning}"/>${stripes.join('')}`
  )
}

function ground(): string {
  const across = [0, 16, 36, 60].map((y) => `M0 ${HOUSES + 10 + y}H${WIDTH}`).join('')
  const along = Array.from({ length: 33 }, (_, n) => `M${n * 32 - 20 + (n - 16) * 1.2} ${HOUSES}L${n * 32 - 20 + (n - 16) * 7} ${SIDEWALK}`).join('')
  return (
    `<rect y="${HOUSES}" width="${WIDTH}" height="${SIDEWALK - HOUSES}" fill="url(#walk)"/><path d="${across}${along}" stroke="#8d8374" stroke-width="1.2" opacity=".55"/><rect y="${HOUSES}" width="${WIDTH}" height="9" opacity=".22"/>` +
    `<rect y="${SIDEWALK}" width="${WIDTH}" height="5" fill="#e6e1d6"/><rect y="${SIDEWALK + 5}" width="${WIDTH}" height="${KERB - SIDEWALK - 5}" fill="#958f84"/>` +
    `<rect y="${KERB}" width="${WIDTH}" height="${HEIGHT - KERB}" fill="url(#road)"/><path d="M0 ${KERB + 8}H${WIDTH}" stroke="#d9b84a" stroke-width="3" opacity=".7"/><path d="M-20 500H${WIDTH}" stroke="#e8e4d4" stroke-width="6" stroke-dasharray="64 46" opacity=".85"/>`
  )
}

function wires(): string {
  const sag = [92, 104, 112, 122].map((y, n) => `M0 ${y}Q${300 + n * 20} ${y + 34} 610 ${y - 6}T${WIDTH} ${y + 6}`).join('')
  return `<rect x="604" y="60" width="9" height="${HOUSES - 40}" fill="#8b8a84"/><rect x="586" y="96" width="46" height="5" fill="#77766f"/><path d="${sag}" fill="none" stroke="#33363a" stroke-width="1.6"/>`
}

function tree(x: number): string {
  const leaves = [[0, 0, 44], [-38, 22, 32], [36, 18, 34], [-12, -32, 30], [20, -24, 28]] as const
  const crown = leaves.map(([dx, dy, r], n) => `<circle cx="${x + dx}" cy="${176 + dy}" r="${r}" fill="${n % 2 ? '#4f7d4c' : '#5d8c55'}"/>`)
  return `<ellipse cx="${x}" cy="350" rx="30" ry="5" opacity=".22"/><path d="M${x - 6} 350L${x - 3} 200h7l3 150z" fill="#6e5a45"/>${crown.join('')}`
}

/** Somebody else is on the road at each moment. */
function passing(hue: number, moment: number): string {
  const x = (hue * 5 + moment * 370) % 900
  return x < 760 ? rider([x, 440, x + 120, 548], (hue + 60) % 360) : ''
}
