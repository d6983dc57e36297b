/** What test/e2e/launch.test.ts starts: says who it is, counts signals, and ends in the way that it was told. */
const [how = 'stay', code = '0'] = process.argv.slice(2)

let interrupts = 0
process.on('SIGINT', () => {
  interrupts++
  // Long enough for a second delivery of the same Ctrl-C to be counted too.
  setTimeout(() => {
    process.stdout.write(`interrupts=${interrupts}\n`)
    process.exit(Number(code))
  }, 400)
})

process.stdout.write(`pid=${process.pid}\n`)
if (how === 'exit') process.exit(Number(code))
if (how === 'crash') process.kill(process.pid, 'SIGKILL')
if (how === 'echo') process.stdin.pipe(process.stdout)
if (how === 'stay') setInterval(() => {}, 1000)
// A main thread that never comes back to its event loop: only another thread can end it.
if (how === 'busy') for (;;);
