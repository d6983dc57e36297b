/** `npm run golden`: records the golden logs of the present version. Those of released versions are never written again. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { foldOf, goldenText } from '../test/support/golden/golden-log.ts'
import { GOLDEN } from '../test/support/golden/shapes.ts'
import { SHAPE_FILE, stateShape } from '../test/support/golden/state-shape.ts'
import { Play } from '../test/support/play.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const folder = fileURLToPath(new URL(`../test/golden/${version}/`, import.meta.url))
mkdirSync(folder, { recursive: true })
let written = 0
for (const [name, { definition, play }] of Object.entries(GOLDEN)) {
  const path = `${folder}${name}.ndjson`
  if (existsSync(path) && !process.argv.includes('--again')) continue
  const played = new Play(definition)
  play(played)
  writeFileSync(path, goldenText({ outcome: foldOf(played.history), history: played.history }))
  written++
}
process.stdout.write(`${written} golden logs of ${version} written; what was there stays (--again writes it anew)\n`)
writeFileSync(SHAPE_FILE, stateShape())
