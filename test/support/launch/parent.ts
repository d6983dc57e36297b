/** Stands in for npm in test/e2e/launch.test.ts: starts the runner as a child of its own and waits for it. */
import { spawn } from 'node:child_process'

const child = spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit' })
child.on('exit', (code) => process.exit(code ?? 1))
