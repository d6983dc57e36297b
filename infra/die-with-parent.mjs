/**
 * Preloaded (`--import`) into every process that launch.mjs starts: ends that process, and its group, when the launcher
 * is gone, however it went.
 *
 * The launcher holds the other end of a pipe, the lifeline, and never writes to it. The kernel closes it when the
 * launcher dies, even by `kill -9`, and end of file here is the order to die. It is read in a worker thread because a
 * main thread that is busy, or stuck in a loop, could not answer; the worker keeps nothing alive and touches no other
 * stream. SIGKILL, because whoever kills a launcher with `kill -9` expects the same of what it ran: durable data is
 * safe against that by design, and a lock that outlives its owner is the worse outcome.
 */
import { isMainThread, Worker } from 'node:worker_threads'

const watch = `
  const { workerData } = require('node:worker_threads')
  const { Socket } = require('node:net')
  const die = () => {
    try { process.kill(-process.pid, 'SIGKILL') } catch { process.kill(process.pid, 'SIGKILL') }
  }
  new Socket({ fd: workerData, readable: true, writable: false }).on('error', die).on('close', die).resume()
`

const fd = process.env.KASAGA_LIFELINE_FD
// Processes that this one starts inherit the environment and, by fork(), this preload, but not the lifeline.
delete process.env.KASAGA_LIFELINE_FD

if (isMainThread && fd !== undefined) {
  const options = { eval: true, workerData: Number(fd), execArgv: [], env: {}, name: 'lifeline' }
  new Worker(watch, { ...options, resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 } }).unref()
}
