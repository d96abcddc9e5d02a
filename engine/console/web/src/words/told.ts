// What boxes say in codes, in the page's language; their own words are English.
import type { CameraFault, Cause, Refusal } from '../api/causes.ts'
import type { CameraState } from '../api/types.ts'
import { value } from './format.ts'
import { words } from './index.svelte.ts'

type By = Record<string, ((of: never, number: typeof value) => string) | undefined>

/** Why a camera is not as it should be; undefined where the page lacks words for any part of it. */
export function sayCauses({ causes = [] }: Pick<CameraState, 'causes'>): string | undefined {
  const said = causes.map(sayCause)
  return said.length > 0 && said.every((one) => one !== undefined) ? said.join(' ') : undefined
}

function sayCause({ stream, fault }: Cause): string | undefined {
  const { cause, cameras }: { cause: By; cameras: { stream: Record<string, string | undefined> } } = words()
  const said = cause[fault.code]?.(fault as never, value)
  const of = stream && cameras.stream[stream]
  return said && of ? `${of}: ${said}` : said
}

/** What the box says besides is worth reading: it names files, or repeats what others said. */
const MORE: ReadonlySet<CameraFault['code']> = new Set([
  'address_wrong', 'connection_failed', 'codec_unknown', 'authority_unusable', 'decoding_failed', 'box_fails', 'model_unusable', 'recording_unreadable', 'worker_restarts', 'quarantined',
])

export function hasMore({ causes = [] }: Pick<CameraState, 'causes'>): boolean {
  return causes.some(({ fault }) => MORE.has(fault.code))
}

/** Why a box does not do it; undefined where the page has no words for it. */
export function sayRefusal(refusal: Refusal | undefined | null): string | undefined {
  const told: By = words().refusal
  return refusal ? told[refusal.code]?.(refusal as never, value) : undefined
}
