/** How a process of every service ends when it is told to: the first signal drains, the second does not wait. */
import { afterEach, expect, test } from 'vitest'
import { killLeftovers, startKasaga } from '../support/demo-process.ts'
import { withScratchFolder } from '../support/examples/scratch-folder.ts'

afterEach(killLeftovers)

async function running(folder: string) {
  const run = startKasaga(['dev', '--data-dir', folder, '--port', '0'])
  await run.says('stdout', /Ctrl-C ends it/)
  return run
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s drains, ends with 0, and the folder is free at once', async (signal) => {
  await withScratchFolder(async (folder) => {
    for (let life = 0; life < 2; life++) {
      const run = await running(folder)
      run.kill(signal)
      expect(await run.ended()).toMatchObject({ end: 0, stderr: '' })
    }
  })
})

test('a second signal ends it at once, and the next life finds the folder in order', async () => {
  await withScratchFolder(async (folder) => {
    const run = await running(folder)
    run.kill('SIGTERM')
    run.kill('SIGINT')
    expect((await run.ended()).end).toBe(130)
    const next = await running(folder)
    next.kill('SIGTERM')
    expect((await next.ended()).end).toBe(0)
  })
})
