import { api } from '../api/client.ts'

/** Who only passes by does not look. */
const DWELL_MS = 1_200
/** The service forgets it after 30 s. */
const REPEAT_MS = 12_000

/** Say that we look at a case, until the answer is called. */
export function lookAt(id: string): () => void {
  const quiet = (): undefined => undefined // others then do not see that we look: no reason to stop work
  let looks = false
  const say = (): void => {
    looks = true
    api.look(id).catch(quiet)
  }
  const first = setTimeout(say, DWELL_MS)
  const again = setInterval(say, REPEAT_MS)
  return () => {
    clearTimeout(first)
    clearInterval(again)
    if (looks) api.lookAway(id).catch(quiet)
  }
}
