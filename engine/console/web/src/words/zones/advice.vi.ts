import type { Advice } from '../../api/pipeline.ts'

type Of<C extends Advice['code']> = Extract<Advice, { code: C }>

/** How classes and times are called. */
export interface SayAdvice {
  thing: (name: string) => string
  time: (at: string) => string
}

/** What should be known of a right pipeline all the same. */
export const adviceVi = {
  not_what_runs: () => 'Có người đã sửa tệp ngay trên thiết bị mà chưa nạp lại; bản sửa đó cũng sẽ được áp dụng.',
  signs_of_zone: ({ zone, hours, behind }: Of<'signs_of_zone'>) =>
    `Múi giờ ${zone} ${behind ? 'chậm' : 'nhanh'} hơn UTC ${hours} giờ: dấu của Etc/ ngược với cách viết thường. Hãy ghi tên nơi chốn, như "Asia/Ho_Chi_Minh".`,
  no_rule: ({ camera }: Of<'no_rule'>) => `Camera ${camera} chưa có quy tắc nào nên sẽ không báo gì.`,
  partial: ({ camera, rule, model, classes, seen_by = [] }: Of<'partial'>, { thing }: SayAdvice) =>
    `Mô hình ${model} không nhận ra ${classes.map(thing).join(', ')} nên quy tắc ${rule} (camera ${camera}) không bao giờ báo về chúng. ` +
    (seen_by.length > 0
      ? `Trong các mô hình đã cài, ${seen_by.map((by) => `${by.model} nhận ra ${by.classes.map(thing).join(', ')}`).join('; ')}.`
      : 'Không thấy mô hình đã cài nào nhận ra chúng.'),
  no_licence: ({ model }: Of<'no_licence'>) =>
    `Chưa ai ghi mô hình ${model} được dùng theo giấy phép nào, và các sự việc do mô hình này báo cũng ghi như vậy. Hãy hỏi nơi làm ra mô hình rồi ghi vào model.toml.`,
  line_at_edge: ({ camera, line, left }: Of<'line_at_edge'>) =>
    `Vạch ${line} (camera ${camera}) quá sát mép hình ở bên ${left ? 'trái' : 'phải'}, nhìn từ đầu thứ nhất, nên không lần vượt vạch nào được tính. Hãy dời vạch vào trong hình.`,
  no_recording: ({ camera }: Of<'no_recording'>) => `Không đọc được đoạn ghi hình thay cho camera ${camera}.`,
  permit_over: ({ permit, until }: Of<'permit_over'>, { time }: SayAdvice) => `Giấy phép ${permit} đã hết hạn lúc ${time(until)}: hãy bỏ đi, hoặc sửa until.`,
  calendar_ends: ({ calendar, year }: Of<'calendar_ends'>) =>
    `Lịch nghỉ ${calendar} không có ngày nào sau năm ${year}: hãy thêm ngày của năm ${year + 1}, nếu không các khung giờ Hol, Fest và Work sẽ sai.`,
} satisfies { [C in Advice['code']]: (advice: Of<C>, say: SayAdvice) => string }
