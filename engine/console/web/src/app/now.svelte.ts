const STEP_MS = 20_000
const clock = $state({ ms: Date.now() })
setInterval(() => (clock.ms = Date.now()), STEP_MS)

/** The time, as coarse as "5 minutes ago" needs it. */
export function now(): number {
  return clock.ms
}
