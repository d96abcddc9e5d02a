/** Sites as one writes them, with commas between; none means all. */
export function sitesOf(text: string): string[] | null {
  const sites = text.split(',').map((site) => site.trim()).filter(Boolean)
  return sites.length > 0 ? sites : null
}
