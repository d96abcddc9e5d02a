// Why a camera is not as it should be, and why a box does not do as it is told: codes with numbers and names.

export type StreamRole = 'main' | 'sub'
export type Carrier = 'tcp' | 'udp'

/** What can be wrong with a camera. A newer box may tell of others. */
export type CameraFault =
  | { code: 'address_wrong' }
  | { code: 'name_unknown' }
  | { code: 'name_server_silent' }
  | { code: 'port_refused'; port: number }
  | { code: 'no_route' }
  | { code: 'nothing_answers' }
  | { code: 'broken_off' }
  | { code: 'connection_failed' }
  | { code: 'closed_at_once' }
  | { code: 'closed_early' }
  | { code: 'ended' }
  | { code: 'unanswered'; secs: number }
  | { code: 'web_page'; port: number }
  | { code: 'not_rtsp'; port: number }
  | { code: 'garbled' }
  | { code: 'login_refused' }
  | { code: 'login_wanted' }
  | { code: 'login_unknown' }
  | { code: 'login_unanswered' }
  | { code: 'forbidden' }
  | { code: 'no_such_path' }
  | { code: 'moved' }
  | { code: 'no_room' }
  | { code: 'session_dropped' }
  | { code: 'overloaded' }
  | { code: 'refuses'; status: number }
  | { code: 'fails'; status: number }
  | { code: 'carrier_refused'; carrier: Carrier }
  | { code: 'no_carrier' }
  | { code: 'no_video'; sound: boolean }
  | { code: 'codec_unknown' }
  | { code: 'no_tls' }
  | { code: 'tls_broken_off' }
  | { code: 'certificate_unknown'; ca_given: boolean }
  | { code: 'certificate_of_another' }
  | { code: 'certificate_not_today' }
  | { code: 'certificate_weak' }
  | { code: 'authority_unusable' }
  | { code: 'certificate_wanted' }
  | { code: 'box_without_tls' }
  | { code: 'no_first_picture'; secs: number }
  | { code: 'no_media'; carrier: Carrier; secs: number }
  | { code: 'no_key_frame'; secs: number }
  | { code: 'silent'; ms: number }
  | { code: 'damaged'; secs: number }
  | { code: 'decoding_failed' }
  | { code: 'box_fails' }
  | { code: 'waiting' }
  | { code: 'other_shapes' }
  | { code: 'film_cut' }
  | { code: 'reopening' }
  | { code: 'model_loading' }
  | { code: 'model_unusable'; model: string }
  | { code: 'recording_ended' }
  | { code: 'recording_unreadable' }
  | { code: 'worker_restarts' }
  | { code: 'quarantined'; deaths: number }
  | { code: 'tried_again' }
  | { code: 'removed' }
  | { code: 'stopped' }

/** One of the things that a camera's `reason` says. */
export interface Cause {
  /** Of a camera that has two: of which of its streams. */
  stream: StreamRole | null
  fault: CameraFault
}

/** Why viahe may not change a pipeline file. */
export type Lock = 'file' | 'folder' | 'owner'

/** Why a box does not do as it is told. A newer box may tell of others. */
export type Refusal =
  | { code: 'conflict' }
  | { code: 'would_be_wrong' }
  | { code: 'needs_restart'; of: string[] }
  | { code: 'model_missing' }
  | { code: 'no_file' }
  | { code: 'locked'; lock: Lock }
  | { code: 'not_written' }
  | { code: 'version_gone' }
  | { code: 'busy' }
  | { code: 'too_long'; secs: number }
  | { code: 'no_history' }
  | { code: 'unknown_incident' }
  | { code: 'no_rule'; rule: string }
  | { code: 'no_camera'; camera: string }
  | { code: 'stopping' }
