// What classes and violations are called stands where rules and models have it: in the taxonomy and in the catalogue.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vite'

type Names = Record<string, string>

export interface Catalogue {
  classes: { vi: Names; en: Names }
  violations: { vi: Names; en: Names }
}

const ROOT = join(import.meta.dirname, '../../../..')
const CLASS = /^"([a-z_.]+)" = \{ en = "([^"]+)", vi = "([^"]+)" \}$/gm
const TITLE = /^\[title\]\nvi = "([^"]+)"\nen = "([^"]+)"$/m

export function readCatalogue(): Catalogue {
  const classes: Catalogue['classes'] = { vi: {}, en: {} }
  const violations: Catalogue['violations'] = { vi: {}, en: {} }
  const taxonomy = readFileSync(join(ROOT, 'models/taxonomy.toml'), 'utf8')
  const written = taxonomy.match(/^"/gm)?.length ?? 0
  for (const [, name = '', en = '', vi = ''] of taxonomy.matchAll(CLASS)) {
    classes.vi[name] = vi
    classes.en[name] = en
  }
  if (written === 0 || Object.keys(classes.vi).length !== written) throw new Error('models/taxonomy.toml is written in another way now')
  const folder = join(ROOT, 'pipelines/catalogue')
  for (const file of readdirSync(folder).filter((file) => file.endsWith('.toml')).toSorted()) {
    const [, vi, en] = TITLE.exec(readFileSync(join(folder, file), 'utf8')) ?? []
    if (!vi || !en) throw new Error(`pipelines/catalogue/${file} has no title in both languages`)
    const name = file.slice(0, -'.toml'.length)
    violations.vi[name] = vi
    violations.en[name] = en
  }
  return { classes, violations }
}

const NAME = 'virtual:catalogue'

/** `import catalogue from 'virtual:catalogue'`. */
export function catalogue(): Plugin {
  return {
    name: 'viahe-catalogue',
    resolveId: (name) => (name === NAME ? `\0${NAME}` : null),
    load: (name) => (name === `\0${NAME}` ? `export default ${JSON.stringify(readCatalogue())}` : null),
  }
}
