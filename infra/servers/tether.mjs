// Runs one server and dies with its parent: when standard input closes, which it does however the parent ended, the
// server is killed and its directory removed. Plain JavaScript, so that any Node can run it.
//
// Lines on standard input bring the server down and up again on the same directory: the name of a signal, `start`.
// A server that ends without being told to takes the tether with it.
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'

const { command, args, uid, gid, env, directory, stopSignal, killAfterMs } = JSON.parse(process.argv[2])

let child
let wanted
let ended = false

const end = (code) => {
  if (ended) return
  ended = true
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  process.exit(code ?? 1)
}
const start = () => {
  wanted = 'up'
  if (child !== undefined) return
  child = spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
    cwd: directory,
    ...(uid === undefined ? {} : { uid, gid }),
  })
  let signalled = false
  child.told = (signal) => {
    signalled = true
    child.kill(signal)
  }
  child.on('exit', (code) => {
    child = undefined
    if (wanted === 'over' || !signalled) end(code)
    else if (wanted === 'up') start()
  })
  child.on('error', (error) => {
    process.stderr.write(`${error.message}\n`)
    end(1)
  })
}
const down = (signal) => {
  wanted = 'down'
  child?.told(signal)
}
const stop = () => {
  wanted = 'over'
  if (child === undefined) return end(0)
  child.kill(stopSignal)
  setTimeout(() => child?.kill('SIGKILL'), killAfterMs).unref()
}

start()
createInterface(process.stdin).on('line', (line) => (line === 'start' ? start() : down(line)))
process.stdin.on('close', stop).on('end', stop).on('error', stop)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
