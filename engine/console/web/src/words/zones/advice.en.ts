import type { Widened } from '../vi.ts'
import type { adviceVi } from './advice.vi.ts'

export const adviceEn: Widened<typeof adviceVi> = {
  not_what_runs: () => 'Somebody has changed the file on the box itself, and it was not read since; that is taken up too.',
  signs_of_zone: ({ zone, hours, behind }) =>
    `The time zone ${zone} is ${hours} h ${behind ? 'behind' : 'ahead of'} UTC: the signs of Etc/ are the other way round. Write the name of a place, such as "Asia/Ho_Chi_Minh".`,
  no_rule: ({ camera }) => `The camera ${camera} has no rule, so nothing comes of it.`,
  partial: ({ camera, rule, model, classes, seen_by = [] }, { thing }) =>
    `The model ${model} does not see ${classes.map(thing).join(', ')}, so the rule ${rule} (camera ${camera}) never tells of such things. ` +
    (seen_by.length > 0
      ? `Of the installed models, ${seen_by.map((by) => `${by.model} sees ${by.classes.map(thing).join(', ')}`).join('; ')}.`
      : 'No installed model is known to see them.'),
  no_licence: ({ model }) => `Nobody has said under which licence the model ${model} may be used, and its incidents say so. Ask who made it, and write it into model.toml.`,
  line_at_edge: ({ camera, line, left }) =>
    `The line ${line} (camera ${camera}) is so near to the edge of the picture on its ${left ? 'left' : 'right'} side, seen from its first point, that no crossing ever counts. Move it into the picture.`,
  no_recording: ({ camera }) => `The recording that stands for the camera ${camera} cannot be read.`,
  permit_over: ({ permit, until }, { time }) => `The permit ${permit} ended at ${time(until)}: remove it, or correct until.`,
  calendar_ends: ({ calendar, year }) => `The calendar ${calendar} has no dates after ${year}: add those of ${year + 1}, or hours with Hol, Fest and Work will be wrong.`,
}
