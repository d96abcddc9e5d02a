import { MediaQuery } from 'svelte/reactivity'

// The same width as in the styles: below it a case has a page of its own.
const query = new MediaQuery('max-width: 60rem')

/** Is there room for the list alone? */
export function narrow(): boolean {
  return query.current
}
