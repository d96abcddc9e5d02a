// The page in a real browser, before the service or before the made-up city:
//   node test/browser.ts FOLDER mock
//   node test/browser.ts FOLDER service ADDRESS MQTT_PORT ADMIN_PASSWORD
// Screenshots of all pages go to FOLDER. What fails is thrown; what was seen is printed.
import { mkdirSync } from 'node:fs'
import { asking } from './asking.ts'
import { Browsers } from './browsers.ts'
import { judging } from './judging.ts'
import { looks } from './looks.ts'
import { onTheMap } from './map/page.ts'
import { overlays } from './overlays.ts'
import { slips } from './slips.ts'
import { work } from './work.ts'
import { mockCity, serviceCity, type City } from './city.ts'

const [folder = '', kind = '', ...rest] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
const browsers = await Browsers.start(folder)
let city: City | undefined
try {
  city = kind === 'service' ? await serviceCity(browsers, rest) : await mockCity()
  await judging(browsers, city)
  await overlays(browsers, city)
  await slips(browsers, city)
  await onTheMap(browsers, city)
  await asking(browsers, city)
  await looks(browsers, city)
  await work(browsers, city)
  browsers.nothingWasWrong()
  console.log('all is well')
} catch (error) {
  await browsers.failed()
  throw error
} finally {
  await browsers.close()
  city?.close()
}
