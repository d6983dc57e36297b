// Runs one server and dies with its parent: when standard input closes, which it does however the parent ended, the
// server is killed and its directory removed. Plain JavaScript, so that any Node can run it.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'

const { command, args, uid, gid, env, directory, stopSignal, killAfterMs } = JSON.parse(process.argv[2])

const child = spawn(command, args, {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, ...env },
  cwd: directory,
  ...(uid === undefined ? {} : { uid, gid }),
})

let ended = false
const end = (code) => {
  if (ended) return
  ended = true
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  process.exit(code ?? 1)
}
const stop = () => {
  child.kill(stopSignal)
  setTimeout(() => child.kill('SIGKILL'), killAfterMs).unref()
}

child.on('exit', end)
child.on('error', (error) => {
  process.stderr.write(`${error.message}\n`)
  end(1)
})
process.stdin.on('close', stop).on('end', stop).on('error', stop).resume()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
