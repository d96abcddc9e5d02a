/** With the offset of the site. */
export function local(ms: number): string {
  return new Date(ms + 7 * 3_600_000).toISOString().replace('Z', '+07:00')
}
