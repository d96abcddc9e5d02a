import type { EditFault } from '../../api/pipeline.ts'
import type { Fault } from '../../zones/faults.ts'

/** Codes of a box that the page has no own check for. */
export type BoxFault = Exclude<EditFault, { code: Fault }>

type Of<C extends BoxFault['code']> = Extract<BoxFault, { code: C }>

/** How things are called, and the key of the file that it is about. */
export interface Say {
  number: (value: number) => string
  /** A class of things. */
  thing: (name: string) => string
  quantity: (name: string) => string
  key: string
}

/** What a box finds wrong with an edit. */
export const problemsVi = {
  out_of_range: ({ min, max }: Of<'out_of_range'>, { number }: Say) => `Phải từ ${number(min)} đến ${number(max)}.`,
  not_whole: () => 'Phải là số nguyên.',
  empty: () => 'Không được để trống.',
  missing: ({ key }: Of<'missing'>) =>
    ({
      zone: 'Hãy chọn một vùng.',
      line: 'Hãy chọn một vạch.',
      sensor: 'Hãy chọn một cảm biến.',
      window: 'Hãy chọn một cửa sổ đo.',
      uses: 'Hãy chọn ít nhất một loại vi phạm được phép.',
    })[key] ?? 'Phải đặt giá trị này: danh mục không có sẵn.',
  of_no_use: () => 'Loại vi phạm này không dùng đến mục này: hãy bỏ trống.',
  unknown: ({ name }: Of<'unknown'>, { key }: Say) =>
    ({
      zone: `Camera không có vùng “${name}”: hãy chọn vùng khác.`,
      zones: `Không có vùng “${name}”.`,
      line: `Camera không có vạch “${name}”: hãy chọn vạch khác.`,
      sensor: `Không có cảm biến “${name}”: hãy chọn cảm biến khác.`,
      window: `Không có cửa sổ đo “${name}”: hãy chọn cửa sổ khác.`,
      use: `Danh mục vi phạm không có “${name}”.`,
      uses: `Không có quy tắc nào về “${name}” ở đây: hãy bỏ chọn.`,
    })[key] ?? `Không có “${name}”.`,
  name_taken: ({ name }: Of<'name_taken'>) => `Mã “${name}” đã được dùng: hãy đặt mã khác.`,
  none_measures: ({ quantity }: Of<'none_measures'>, { key, quantity: called }: Say) =>
    `Tệp cấu hình chưa có ${key === 'window' ? 'cửa sổ đo' : 'cảm biến'} nào cho ${called(quantity)}.`,
  not_calibrated: () => 'Quy tắc này cần đo mặt đường.',
  no_position: () => 'Quy tắc này cần toạ độ của camera trong tệp cấu hình.',
  model_blind: ({ model, classes, others, seen_by = [] }: Of<'model_blind'>, { thing }: Say) => {
    const blind = `Mô hình ${model} không nhận ra ${classes.map(thing).join(', ')}. `
    if (others.length > 0) return `${blind}Mô hình nhận ra được: ${others.join(', ')}.`
    if (seen_by.length === 0) return `${blind}Chưa cài mô hình nào nhận ra: hãy bỏ quy tắc này.`
    return `${blind}Không mô hình đã cài nào nhận ra tất cả: ${seen_by.map((by) => `${by.model} nhận ra ${by.classes.map(thing).join(', ')}`).join('; ')}.`
  },
  absence_too_short: ({ least_secs }: Of<'absence_too_short'>, { number }: Say) =>
    `Quá ngắn so với nhịp xem của quy tắc: hãy đặt từ ${number(least_secs)} giây trở lên.`,
  off_beyond_on: ({ above }: Of<'off_beyond_on'>) =>
    above ? 'Mức thôi báo không được cao hơn mức báo.' : 'Mức thôi báo không được thấp hơn mức báo.',
  hits_beyond_looks: ({ looks }: Of<'hits_beyond_looks'>, { number }: Say) => `Số lần thấy phải từ 1 đến ${number(looks)}.`,
  bad_hours: ({ text }: Of<'bad_hours'>) => `Không đọc được khung giờ “${text}”: hãy bỏ đi và thêm lại.`,
  no_calendar: ({ text }: Of<'no_calendar'>) =>
    `Khung giờ “${text}” cần lịch nghỉ lễ, mà điểm giám sát chưa có: hãy chọn các thứ trong tuần, hoặc ghi calendar vào [site] của tệp cấu hình.`,
  outside_picture: () => 'Mọi góc phải nằm trong hình.',
} satisfies { [C in BoxFault['code']]: (fault: Of<C>, say: Say) => string }
