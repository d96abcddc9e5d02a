/** What a field says of itself: its name stands elsewhere, and so does what is wrong with it. */
export interface About {
  id: string
  'aria-describedby': string
  'aria-invalid': true | undefined
}
