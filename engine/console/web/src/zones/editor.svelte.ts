import type { CameraView, SiteView } from '../api/pipeline.ts'
import {
  carried, draftOf, drawnIn, editsOf, isRef, pointsOf, withCorner, withCornerAfter, withDrawn, withMove, withoutCorner, withParameter, without, type Draft,
  type Drawn, type Ref,
} from './draft.ts'
import { faultsOf } from './faults.ts'
import { CORNERS_MAX, CORNERS_MIN, distance, middle, type Point } from './geometry.ts'
import { snap, type Snapped } from './snap.ts'
import { StillOf } from './still.svelte.ts'
import { Steps } from './undo.ts'

export type Tool = 'select' | Drawn

/** What is held by the pointer. */
export type Part =
  | { part: 'body'; at: Ref }
  | { part: 'corner'; at: Ref; index: number }
  /** The middle of an edge: a corner comes to be there. */
  | { part: 'edge'; at: Ref; index: number }
  | { part: 'tip'; rule: string; parameter: string; from: Point }

interface Held {
  part: Part
  /** Where it was taken. */
  from: Point
  before: Draft
  draft: Draft
}

/** How a point is meant. */
export interface Hand {
  /** Along an eighth of a turn. */
  straight: boolean
  /** Exactly there. */
  free: boolean
}

/** In px on the screen: nearer than this is on it. */
const REACH_PX = 9
/** Corners that a drawing needs, and has at most. */
const CORNERS: Record<Drawn, [number, number]> = {
  zone: [CORNERS_MIN, CORNERS_MAX],
  bay: [CORNERS_MIN, CORNERS_MAX],
  line: [2, 2],
  calibration: [4, 4],
}

/** One camera that is drawn on. */
export class Editor {
  readonly site: string
  readonly camera: string
  readonly still: StillOf
  view = $state.raw<SiteView>() as SiteView
  #base = $state.raw<Draft>() as Draft
  #steps = $state.raw<Steps<Draft>>() as Steps<Draft>
  #held = $state.raw<Held | null>(null)
  selected = $state.raw<Ref | null>(null)
  /** Which of its corners the keyboard is at. */
  corner = $state(0)
  #tool = $state<Tool>('select')
  /** Corners of what is being drawn. */
  drawn = $state.raw<readonly Point[]>([])
  /** Where the next one would go. */
  cursor = $state.raw<Snapped | null>(null)
  /** Of the picture: how much wider than high; and how high it is on the screen. */
  aspect = $state(16 / 9)
  heightPx = $state(450)

  readonly saved = $derived(this.#steps.now)
  /** With what is held now. */
  readonly draft = $derived(this.#held?.draft ?? this.#steps.now)
  readonly made = $derived.by(() => editsOf(this.#base, this.saved, this.camera))
  readonly edits = $derived(this.made.map(({ edit }) => edit))
  readonly faults = $derived(faultsOf(this.draft))

  constructor(site: string, camera: CameraView, view: SiteView) {
    this.site = site
    this.camera = camera.id
    this.still = new StillOf(site, camera.id)
    this.#begin(view, draftOf(view, camera))
  }

  #begin(view: SiteView, base: Draft): void {
    this.view = view
    this.#base = base
    this.#steps = Steps.from(base)
  }

  get cameraView(): CameraView | undefined {
    return this.view.cameras.find(({ id }) => id === this.camera)
  }

  /** What the file is now, after it was saved or because somebody else has changed it; mine is kept where there is any. */
  take(view: SiteView, keepMine: boolean): void {
    const camera = view.cameras.find(({ id }) => id === this.camera)
    if (!camera) return
    const theirs = draftOf(view, camera)
    const mine = keepMine ? carried(this.#base, this.saved, theirs) : theirs
    const selected = this.selected
    this.#begin(view, theirs)
    if (keepMine) this.#steps = this.#steps.do(mine)
    if (selected && !keepMine) this.selected = null
  }

  /** `key`: steps of one key follow on each other and are one. */
  do(next: Draft, key: string | null = null): void {
    this.#steps = this.#steps.do(next, key)
  }

  get canUndo(): boolean {
    return this.#steps.canUndo || this.drawn.length > 0
  }

  get canRedo(): boolean {
    return this.#steps.canRedo
  }

  undo(): void {
    if (this.drawn.length > 0) return void (this.drawn = this.drawn.slice(0, -1))
    this.#steps = this.#steps.undo()
    this.#forget()
  }

  redo(): void {
    this.#steps = this.#steps.redo()
    this.#forget()
  }

  /** All that was not saved. */
  discard(): void {
    this.do(this.#base)
    this.#forget()
  }

  /** What is not there any more is not selected either. */
  #forget(): void {
    const at = this.selected
    if (!at) return
    const there = at.kind === 'rule' ? this.saved.rules.some(({ key }) => key === at.key) : drawnIn(this.saved).some((ref) => isRef(ref, at))
    if (!there) this.selected = null
  }

  select(at: Ref | null): void {
    if (!isRef(at, this.selected)) this.corner = 0
    this.selected = at
  }

  remove(at: Ref): void {
    this.do(without(this.saved, at))
    this.#forget()
  }

  get tool(): Tool {
    return this.#tool
  }

  set tool(to: Tool) {
    this.#tool = to
    this.drawn = []
    this.cursor = to === 'select' ? null : { point: [0.5, 0.5], to: 'free' }
    if (to !== 'select') this.selected = null
  }

  /** What corners go to that come near; but not what is moved itself. */
  #snap(point: Point, { straight, free }: Hand, from: Point | null, but: Ref | null): Snapped {
    const others = drawnIn(this.saved).filter((at) => !isRef(at, but) && at.kind !== 'calibration')
    const edges = others.flatMap((at) => {
      const points = pointsOf(this.saved, at)
      const last = at.kind === 'line' ? -1 : points.length
      return points.slice(0, last).map((a, index): [Point, Point] => [a, points[(index + 1) % points.length]!])
    })
    const reach = free ? 0 : REACH_PX / this.heightPx
    const [first] = this.drawn
    const corners = [...others.flatMap((at) => pointsOf(this.saved, at)), ...(first ? [first] : [])]
    return snap(point, { edges: free ? [] : edges, corners: free ? [] : corners, aspect: this.aspect, reach, from, straight })
  }

  #near(a: Point | undefined, b: Point): boolean {
    return a !== undefined && distance(a, b, this.aspect) <= REACH_PX / this.heightPx
  }

  /** The pointer, or the keys, are here. */
  point(at: Point, hand: Hand): void {
    if (this.#tool !== 'select') this.cursor = this.#snap(at, hand, this.drawn.at(-1) ?? null, null)
  }

  /** A corner goes where the cursor is; on the first or the last corner the drawing is done. */
  place(): void {
    const { cursor } = this
    if (this.#tool === 'select' || !cursor) return
    const [least, most] = CORNERS[this.#tool]
    const again = this.#near(this.drawn.at(-1), cursor.point)
    const round = this.#near(this.drawn[0], cursor.point)
    if (again || (round && this.drawn.length > 1)) {
      if (this.drawn.length >= least) this.finish()
      return
    }
    this.drawn = [...this.drawn, cursor.point]
    if (this.drawn.length === most) this.finish()
  }

  get canFinish(): boolean {
    return this.#tool !== 'select' && this.drawn.length >= CORNERS[this.#tool][0]
  }

  finish(): void {
    if (this.#tool === 'select' || !this.canFinish) return
    const around = { camera: this.camera, permits: this.view.permits.map(({ id }) => id) }
    const [next, ref] = withDrawn(this.saved, this.#tool, this.drawn, around)
    this.tool = 'select'
    this.do(next)
    this.select(ref)
  }

  hold(part: Part, from: Point): void {
    this.#held = { part, from, before: this.saved, draft: this.saved }
    if (part.part === 'tip') return
    this.select(part.at)
    if (part.part !== 'body') this.corner = part.index + (part.part === 'edge' ? 1 : 0)
  }

  drag(to: Point, hand: Hand): void {
    const held = this.#held
    if (held) this.#held = { ...held, draft: this.#dragged(held, to, hand) }
  }

  #dragged({ part, from, before }: Held, to: Point, hand: Hand): Draft {
    switch (part.part) {
      case 'body':
        return this.#near(from, to) ? before : withMove(before, part.at, [to[0] - from[0], to[1] - from[1]])
      case 'corner': {
        const points = pointsOf(before, part.at)
        const neighbour = points.at(part.index - 1) ?? null
        return withCorner(before, part.at, part.index, this.#snap(to, hand, neighbour, part.at).point)
      }
      case 'edge':
        return withCornerAfter(before, part.at, part.index, this.#snap(to, hand, null, part.at).point)
      case 'tip': {
        const angle = (Math.atan2(to[1] - part.from[1], (to[0] - part.from[0]) * this.aspect) * 180) / Math.PI
        return withParameter(before, part.rule, part.parameter, (Math.round(angle) + 360) % 360)
      }
    }
  }

  drop(): void {
    const held = this.#held
    this.#held = null
    if (held) this.do(held.draft)
  }

  get holding(): boolean {
    return this.#held !== null
  }

  nudge(at: Ref, index: number, by: Point): void {
    const old = pointsOf(this.saved, at)[index]
    if (old) this.do(withCorner(this.saved, at, index, [old[0] + by[0], old[1] + by[1]]), `nudge ${at.kind} ${at.key} ${index}`)
  }

  nudgeAll(at: Ref, by: Point): void {
    this.do(withMove(this.saved, at, by), `move ${at.kind} ${at.key}`)
  }

  /** A corner in the middle of the edge that begins here. */
  addCorner(at: Ref, index: number): void {
    const points = pointsOf(this.saved, at)
    const [a, b] = [points[index], points[(index + 1) % points.length]]
    if (!a || !b || !mayGrow(at, points.length)) return
    this.do(withCornerAfter(this.saved, at, index, middle(a, b)))
    this.corner = index + 1
  }

  removeCorner(at: Ref, index: number): void {
    if (!mayShrink(at, pointsOf(this.saved, at).length)) return
    this.do(withoutCorner(this.saved, at, index))
    this.corner = Math.max(0, index - 1)
  }
}

function hasCorners({ kind }: Ref): boolean {
  return kind === 'zone' || kind === 'bay'
}

export function mayGrow(at: Ref, corners: number): boolean {
  return hasCorners(at) && corners < CORNERS_MAX
}

export function mayShrink(at: Ref, corners: number): boolean {
  return hasCorners(at) && corners > CORNERS_MIN
}
