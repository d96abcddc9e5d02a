import type { Widened } from '../vi.ts'
import type { problemsVi } from './problems.vi.ts'

export const problemsEn: Widened<typeof problemsVi> = {
  out_of_range: ({ min, max }, { number }) => `It must be from ${number(min)} to ${number(max)}.`,
  not_whole: () => 'It must be a whole number.',
  empty: () => 'It may not be empty.',
  missing: ({ key }) =>
    ({
      zone: 'Choose a zone.',
      line: 'Choose a line.',
      sensor: 'Choose a sensor.',
      window: 'Choose a window.',
      uses: 'Choose at least one violation that is permitted.',
    })[key] ?? 'It must be set: the catalogue has no default for it.',
  of_no_use: () => 'This kind of violation does not use it: leave it empty.',
  unknown: ({ name }, { key }) =>
    ({
      zone: `The camera has no zone “${name}”: choose another one.`,
      zones: `There is no zone “${name}”.`,
      line: `The camera has no line “${name}”: choose another one.`,
      sensor: `There is no sensor “${name}”: choose another one.`,
      window: `There is no window “${name}”: choose another one.`,
      use: `The catalogue has no “${name}”.`,
      uses: `No rule here is about “${name}”: clear it.`,
    })[key] ?? `There is no “${name}”.`,
  name_taken: ({ name }) => `The id “${name}” is used already: choose another one.`,
  none_measures: ({ quantity }, { key, quantity: called }) =>
    `The pipeline file has no ${key === 'window' ? 'window' : 'sensor'} for ${called(quantity)}.`,
  not_calibrated: () => 'This rule needs the road to be measured.',
  no_position: () => 'This rule needs the position of the camera in the pipeline file.',
  model_blind: ({ model, classes, others, seen_by = [] }, { thing }) => {
    const blind = `The model ${model} does not see ${classes.map(thing).join(', ')}. `
    if (others.length > 0) return `${blind}Models that do: ${others.join(', ')}.`
    if (seen_by.length === 0) return `${blind}No installed model does: leave the rule out.`
    return `${blind}No installed model sees all of it: ${seen_by.map((by) => `${by.model} sees ${by.classes.map(thing).join(', ')}`).join('; ')}.`
  },
  absence_too_short: ({ least_secs }, { number }) => `It is too short for how often the rule looks: set it to ${number(least_secs)} s or more.`,
  off_beyond_on: ({ above }) =>
    above ? 'The value to stop at may not be above the value to start at.' : 'The value to stop at may not be below the value to start at.',
  hits_beyond_looks: ({ looks }, { number }) => `It must be seen in 1 to ${number(looks)} looks.`,
  bad_hours: ({ text }) => `The hours “${text}” cannot be read: remove them and add them again.`,
  no_calendar: ({ text }) =>
    `The hours “${text}” need a calendar of holidays, and the site names none: choose days of the week, or add calendar to [site] of the pipeline file.`,
  outside_picture: () => 'All corners must be in the picture.',
}
