import type { EntryView, RuleWritten, SiteView } from '../../src/api/pipeline.ts'

function entry(name: string, needs: Partial<EntryView['needs']>, parameters: EntryView['parameters'] = []): EntryView {
  const both = { vi: name, en: name }
  return {
    entry: name, title: both, guidance: both, traps: [], severity: 'medium', parameters,
    needs: { camera: true, zone: true, line: false, calibration: false, position: false, sensor: null, window: null, ...needs },
  }
}

export function rule(use: string, more: Partial<RuleWritten> = {}): RuleWritten {
  return { use, id: null, zone: null, line: null, sensor: null, window: null, schedule: [], severity: null, classes: [], parameters: {}, ...more }
}

/** A site with two cameras. */
export const SITE: SiteView = {
  version: 'a'.repeat(64),
  locked: null,
  cameras: [
    {
      id: 'le-loi-03', name: 'Lê Lợi, trước số 3', position: null, model: 'ssdlite-coco', input_px: [300, 300], height_min_px: null, regions: true,
      zones: [
        { id: 'kerb', name: null, polygon: [[0.1, 0.6], [0.9, 0.6], [0.9, 0.8], [0.1, 0.8]] },
        { id: 'sidewalk', name: 'Vỉa hè', polygon: [[0.1, 0.8], [0.9, 0.8], [0.9, 1], [0.1, 1]] },
      ],
      lines: [{ id: 'stop-line', points: [[0.1, 0.7], [0.9, 0.7]] }],
      calibration: null,
      rules: [
        rule('illegal-parking', { zone: 'kerb', parameters: { dwell_secs: 120, absence_secs: 30 } }),
        rule('illegal-parking', { id: 'parking-night', zone: 'kerb', severity: 'high', schedule: ['22:00-06:00'] }),
        rule('camera-fault'),
      ],
    },
    { id: 'square', name: null, position: null, model: 'ssdlite-coco', input_px: null, height_min_px: null, regions: false, zones: [], lines: [], calibration: null, rules: [] },
  ],
  models: [{ id: 'street', package: 'ssdlite-coco' }, { id: 'night', package: 'yolox-nano' }],
  packages: ['nanodet-g', 'ssdlite-coco', 'yolox-nano'],
  rules: [],
  permits: [
    { id: 'bay-1', reason: 'parking_bay', uses: ['illegal-parking'], cameras: ['le-loi-03'], zones: [], schedule: [], from: null, until: null, polygon: [[0.2, 0.6], [0.3, 0.6], [0.3, 0.7]] },
    { id: 'night-market', reason: 'night_market', uses: ['illegal-parking'], cameras: ['le-loi-03'], zones: ['kerb'], schedule: ['Fri-Sun 18:00-24:00'], from: null, until: null, polygon: null },
  ],
  sensors: [],
  windows: [],
  catalogue: [
    entry('illegal-parking', {}),
    entry('camera-fault', { zone: false }),
    entry('wrong-way', {}, [{ name: 'allowed_deg', kind: 'direction', default: null, min: 0, max: 360, unit: 'deg', text: '' }]),
    entry('stop-line', { line: true }),
  ],
  history: [],
}
