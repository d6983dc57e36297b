/** `npm run states`: writes the diagram of docs/states.md anew, from the table that the core decides by. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { withStates } from './states/states-text.ts'

const page = fileURLToPath(new URL('../docs/states.md', import.meta.url))
writeFileSync(page, withStates(readFileSync(page, 'utf8')))
process.stdout.write('docs/states.md\n')
