/** `npm run views`: writes the tables of docs/views.md anew, from their declaration. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { withViews } from './views/views-text.ts'

const page = fileURLToPath(new URL('../docs/views.md', import.meta.url))
writeFileSync(page, withViews(readFileSync(page, 'utf8')))
process.stdout.write('docs/views.md\n')
