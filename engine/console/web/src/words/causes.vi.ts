import type { CameraFault, Lock, Refusal } from '../api/causes.ts'

type Of<C extends CameraFault['code']> = Extract<CameraFault, { code: C }>
type No<C extends Refusal['code']> = Extract<Refusal, { code: C }>

/** A number as the language writes it. */
export type Say = (value: number) => string

/** Why a camera is not as it should be, and what to do. Keys of the pipeline file stand as they are written there. */
export const causesVi = {
  address_wrong: () => 'Địa chỉ của camera không dùng được. Hãy sửa url trong tệp cấu hình.',
  name_unknown: () => 'Không tìm thấy tên máy của camera. Hãy sửa tên trong url, hoặc hỏi người quản lý máy chủ tên miền (DNS).',
  name_server_silent: () => 'Máy chủ tên miền (DNS) không trả lời. Hãy kiểm tra mạng của thiết bị, hoặc ghi địa chỉ IP vào url.',
  port_refused: ({ port }: Of<'port_refused'>) => `Camera từ chối kết nối ở cổng ${port}. Hãy xem RTSP của camera đã bật chưa và dùng cổng nào (thường là 554).`,
  no_route: () => 'Không có đường mạng tới camera. Hãy kiểm tra nguồn và cáp của camera, mạng và cổng mặc định của thiết bị.',
  nothing_answers: () => 'Địa chỉ của camera không có gì trả lời. Hãy kiểm tra nguồn, cáp, địa chỉ trong url và tường lửa.',
  broken_off: () => 'Camera ngắt kết nối ngay lập tức. Nếu còn lặp lại, hãy khởi động lại camera.',
  connection_failed: () => 'Kết nối tới camera bị lỗi. Hãy kiểm tra mạng của thiết bị.',
  closed_at_once: () => 'Camera nhận kết nối rồi đóng ngay. Hãy đóng bớt chương trình đang xem và kiểm tra đây có phải cổng RTSP không.',
  closed_early: () => 'Camera đóng kết nối trước khi gửi dữ liệu.',
  ended: () => 'Camera tự kết thúc luồng hình.',
  unanswered: ({ secs }: Of<'unanswered'>, number: Say) =>
    `Camera nhận kết nối nhưng ${number(secs)} giây không trả lời. Nếu còn lặp lại, hãy khởi động lại camera và kiểm tra đây có phải cổng RTSP không.`,
  web_page: ({ port }: Of<'web_page'>) => `Cổng ${port} là trang web, không phải RTSP. Hãy ghi cổng RTSP của camera vào url (thường là 554).`,
  not_rtsp: ({ port }: Of<'not_rtsp'>) => `Cổng ${port} không phải RTSP. Hãy sửa địa chỉ và cổng trong url; dùng rtsps:// nếu camera có mã hoá.`,
  garbled: () => 'Dữ liệu từ camera bị lẫn giữa các gói. Nếu còn lặp lại, hãy nâng cấp phần mềm camera.',
  login_refused: () => 'Camera từ chối tên đăng nhập hoặc mật khẩu. Hãy sửa chúng trong url.',
  login_wanted: () => 'Camera đòi đăng nhập. Hãy ghi tên đăng nhập và mật khẩu vào url.',
  login_unknown: () => 'Camera đòi kiểu đăng nhập không được hỗ trợ. Hãy bật Digest hoặc Basic trên trang của camera.',
  login_unanswered: () => 'Camera đóng kết nối khi nhận thông tin đăng nhập. Hãy xem tài khoản có bị khoá không, và sửa tên, mật khẩu trong url.',
  forbidden: () => 'Tài khoản không có quyền xem hình. Hãy cấp quyền xem trên trang của camera và kiểm tra bộ lọc địa chỉ.',
  no_such_path: () => 'Camera không có đường dẫn này. Hãy xem đường dẫn luồng hình trên trang của camera và sửa url.',
  moved: () => 'Camera đã chuyển luồng hình sang địa chỉ khác. Hãy ghi địa chỉ mới vào url.',
  no_room: () => 'Camera không nhận thêm người xem. Hãy đóng bớt chương trình đang xem, hoặc nâng giới hạn kết nối của camera.',
  session_dropped: () => 'Camera đã bỏ phiên kết nối. Nếu còn lặp lại, hãy khởi động lại camera.',
  overloaded: () => 'Camera bị quá tải. Hãy đóng bớt chương trình đang xem, hoặc khởi động lại camera.',
  refuses: ({ status }: Of<'refuses'>) => `Camera từ chối yêu cầu (mã ${status}). Hãy kiểm tra đường dẫn trong url và nâng cấp phần mềm camera.`,
  fails: ({ status }: Of<'fails'>) => `Camera báo lỗi (mã ${status}). Nếu còn lặp lại, hãy khởi động lại camera.`,
  carrier_refused: ({ carrier }: Of<'carrier_refused'>) =>
    `Camera không gửi hình qua ${carrier.toUpperCase()}. Hãy đặt transport là "${carrier === 'tcp' ? 'udp' : 'tcp'}" hoặc "auto".`,
  no_carrier: () => 'Camera không gửi được qua cả TCP lẫn UDP. Hãy chuyển sang unicast trên trang của camera và nâng cấp phần mềm.',
  no_video: ({ sound }: Of<'no_video'>) => `${sound ? 'Đường dẫn này chỉ có tiếng' : 'Đường dẫn này không có hình'}. Hãy bật luồng hình của camera, hoặc sửa đường dẫn trong url.`,
  codec_unknown: () => 'Không đọc được kiểu nén hình của camera. Hãy chuyển camera sang H.264 hoặc H.265.',
  no_tls: () => 'Camera không mã hoá (TLS) ở cổng này. Hãy dùng rtsp://, hoặc đúng cổng của rtsps://.',
  tls_broken_off: () => 'Camera ngắt giữa lúc bắt tay TLS. Nếu còn lặp lại, hãy kiểm tra cổng rtsps:// và nâng cấp phần mềm camera.',
  certificate_unknown: ({ ca_given }: Of<'certificate_unknown'>) =>
    ca_given
      ? 'Chứng chỉ của camera không khớp với tệp ca. Hãy lấy lại chứng chỉ từ camera.'
      : 'Chưa tin được chứng chỉ của camera. Hãy khai báo chứng chỉ đó, hoặc chứng chỉ của nơi cấp, trong ca.',
  certificate_of_another: () => 'Chứng chỉ của camera cấp cho tên hoặc địa chỉ khác. Hãy ghi vào url tên có trong chứng chỉ, hoặc tạo chứng chỉ mới cho camera.',
  certificate_not_today: () => 'Chứng chỉ của camera không có hiệu lực hôm nay. Hãy chỉnh đồng hồ của thiết bị, hoặc gia hạn chứng chỉ.',
  certificate_weak: () => 'Chứng chỉ của camera đã bị thu hồi hoặc quá yếu. Hãy tạo chứng chỉ mới.',
  authority_unusable: () => 'Tệp ca không dùng được. Cần một tệp PEM đọc được, có chứng chỉ của camera hoặc của nơi cấp.',
  certificate_wanted: () => 'Camera đòi chứng chỉ của thiết bị biên, mà viahe không có. Hãy tắt yêu cầu này trên camera.',
  box_without_tls: () => 'Thiết bị biên chưa hỗ trợ TLS. Hãy cài gói glib-networking.',
  no_first_picture: ({ secs }: Of<'no_first_picture'>, number: Say) => `Đã kết nối nhưng ${number(secs)} giây chưa có hình.`,
  no_media: ({ carrier, secs }: Of<'no_media'>, number: Say) =>
    `Camera đồng ý gửi nhưng ${number(secs)} giây không có gì qua ${carrier.toUpperCase()}. ` +
    (carrier === 'tcp' ? 'Nếu còn lặp lại, hãy khởi động lại camera.' : 'Hãy kiểm tra tường lửa và mạng, hoặc đặt transport là "tcp" hoặc "auto".'),
  no_key_frame: ({ secs }: Of<'no_key_frame'>, number: Say) =>
    `Camera có gửi nhưng ${number(secs)} giây không có hình trọn vẹn. Hãy đặt khoảng cách hình khoá (I-frame, GOP) của camera là 2 giây.`,
  silent: ({ ms }: Of<'silent'>, number: Say) => `Không có hình trong ${number(ms / 1000)} giây.`,
  damaged: ({ secs }: Of<'damaged'>, number: Say) => `Có dữ liệu nhưng ${number(secs)} giây không có hình trọn vẹn.`,
  decoding_failed: () => 'Thiết bị không giải mã được hình của camera.',
  box_fails: () => 'Thiết bị gặp lỗi khi đọc camera.',
  waiting: () => 'Chưa nhận được gì.',
  other_shapes: () => 'Luồng chính và luồng phụ có tỉ lệ hình khác nhau; vùng đã vẽ chỉ đúng cho cả hai khi chúng cùng một khung cảnh.',
  film_cut: () => 'Luồng chính quá lâu mới có hình khoá nên có lúc hình minh chứng lấy từ luồng phụ. Hãy đặt hình khoá cách nhau vài giây.',
  reopening: () => 'Đang mở lại theo cấu hình mới.',
  model_loading: () => 'Đang nạp mô hình.',
  model_unusable: ({ model }: Of<'model_unusable'>) => `Không dùng được mô hình ${model}.`,
  recording_ended: () => 'Đoạn ghi hình đã hết.',
  recording_unreadable: () => 'Không đọc được đoạn ghi hình.',
  worker_restarts: () => 'Tiến trình thị giác đang khởi động lại.',
  quarantined: ({ deaths }: Of<'quarantined'>, number: Say) => `${number(deaths)} tiến trình thị giác đã hỏng khi mở camera này.`,
  tried_again: () => 'Đang thử lại.',
  removed: () => 'Tệp cấu hình không còn camera này.',
  stopped: () => 'Thiết bị đã dừng.',
} satisfies { [C in CameraFault['code']]: (fault: Of<C>, number: Say) => string }

const LOCKS: Record<Lock, string> = {
  file: 'Viahe không có quyền ghi tệp cấu hình trên thiết bị.',
  folder: 'Viahe không có quyền ghi thư mục chứa tệp cấu hình trên thiết bị.',
  owner: 'Tệp cấu hình thuộc về người dùng khác trên thiết bị.',
}

/** Why a box does not do as it is told. */
export const refusalsVi = {
  conflict: () => 'Người khác vừa sửa tệp cấu hình này.',
  would_be_wrong: () => 'Tệp cấu hình sẽ bị sai.',
  needs_restart: ({ of }: No<'needs_restart'>) => `Phải khởi động lại viahe trên thiết bị mới đổi được ${of.join(', ')}.`,
  model_missing: () => 'Mô hình chưa được cài, hoặc không dùng được trên thiết bị.',
  no_file: () => 'Lần chạy này của thiết bị không có tệp cấu hình để sửa.',
  locked: ({ lock }: No<'locked'>) => `${LOCKS[lock]} Hãy giao tệp và thư mục cho người dùng chạy viahe, hoặc sửa ngay trên thiết bị.`,
  not_written: () => 'Ổ đĩa của thiết bị không nhận tệp cấu hình hoặc lịch sử của nó; tệp vẫn như cũ.',
  version_gone: () => 'Thiết bị không còn giữ bản này. Hãy tải lại trang và chọn bản khác.',
  busy: () => 'Thiết bị đang trả lời một câu hỏi khác về những gì đã thấy. Hãy thử lại sau một phút.',
  too_long: ({ secs }: No<'too_long'>, number: Say) => `Xem lại những gì đã thấy mất hơn ${number(secs)} giây. Hãy chọn khoảng ngắn hơn, hoặc thử lại khi thiết bị rảnh.`,
  no_history: () => 'Thiết bị không còn giữ những gì đã thấy lúc đó (history_mb trong [engine]).',
  unknown_incident: () => 'Thiết bị không còn nhớ vụ việc này; nó chỉ nhớ những vụ mới nhất.',
  no_rule: ({ rule }: No<'no_rule'>) => `Tệp cấu hình không còn quy tắc “${rule}” nên không giải thích được.`,
  no_camera: ({ camera }: No<'no_camera'>) => `Tệp cấu hình không có camera “${camera}”.`,
  stopping: () => 'Thiết bị đang dừng. Hãy thử lại khi nó chạy lại.',
} satisfies { [C in Refusal['code']]: (refusal: No<C>, number: Say) => string }
