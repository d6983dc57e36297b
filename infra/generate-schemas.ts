/** `npm run schemas`: writes schemas/ anew; a file that no schema has any more is removed. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { allSchemas } from './schemas/all-schemas.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'schemas')
const schemas = await allSchemas()
rmSync(folder, { recursive: true, force: true })
for (const [path, schema] of schemas) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), JSON.stringify(schema))
}
// So that they are laid out as the check wants every file.
execFileSync(process.execPath, [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'format', '--write', folder], {
  stdio: 'ignore',
})
process.stdout.write(`${schemas.size} schemas\n`)
