import { api } from '../api/client.ts'
import { words } from '../words/index.svelte.ts'
import { prefs } from './prefs.svelte.ts'
import { addressOf } from './route.svelte.ts'
import { onChange } from './stream.svelte.ts'

/** May this page show notifications? Browsers offer none on plain http. */
export function notificationsCan(): 'yes' | 'ask' | 'denied' | 'insecure' {
  if (!('Notification' in window) || !isSecureContext) return 'insecure'
  if (Notification.permission === 'granted') return 'yes'
  return Notification.permission === 'denied' ? 'denied' : 'ask'
}

let audio: AudioContext | undefined

/** Two soft tones. */
export function ring(): void {
  audio ??= new AudioContext()
  const start = audio.currentTime
  for (const [index, hertz] of [660, 880].entries()) {
    const tone = audio.createOscillator()
    const loudness = audio.createGain()
    const at = start + index * 0.18
    tone.frequency.value = hertz
    loudness.gain.setValueAtTime(0, at)
    loudness.gain.linearRampToValueAtTime(0.18, at + 0.02)
    loudness.gain.exponentialRampToValueAtTime(0.001, at + 0.35)
    tone.connect(loudness).connect(audio.destination)
    tone.start(at)
    tone.stop(at + 0.4)
  }
}

const REMEMBERED = 500

/** Tell of new incidents that are grave; of several pages of this browser, one does. */
export function hearAlerts(): () => void {
  const told = new Set<string>()
  return onChange((change, first) => {
    const { kind, id } = change
    if (kind !== 'incident' || !id || !first || told.has(id) || !(prefs.sound || prefs.notify)) return
    told.add(id)
    if (told.size > REMEMBERED) told.delete(told.values().next().value ?? '')
    void alertTo(id)
  })
}

async function alertTo(id: string): Promise<void> {
  const detail = await api.incident(id).catch(() => null)
  if (!detail || detail.summary.severity !== 'high' || detail.summary.revision > 1) return
  // What is shelved rings not at all, and a flood rang with its first ones.
  if (detail.summary.shelf !== null || detail.summary.flood !== null) return
  if (prefs.sound) ring()
  if (!prefs.notify || notificationsCan() !== 'yes') return
  const { title, place_name, camera_name, site } = detail.summary
  const shown = new Notification(words().alert(title), { body: place_name ?? camera_name ?? site, tag: id, icon: '/icon.svg' })
  shown.onclick = () => {
    window.focus()
    location.hash = addressOf('case', id)
  }
}
