/** The measured saga on Restate: `calls` asks three services over the server, `steps` runs its steps in its own process. */
import * as restate from '@restatedev/restate-sdk'
import { done, isShipped } from '../work/order-data.ts'

const undone = async () => null
const ship = ({ orderId, nth }) => {
  if (!isShipped(nth)) throw new restate.TerminalError('nobody goes there')
  return done('sh', orderId)
}
const stock = restate.service({
  name: 'stock',
  handlers: { reserve: async (_, { orderId }) => done('re', orderId), release: undone },
})
const bank = restate.service({
  name: 'bank',
  handlers: { charge: async (_, { orderId }) => done('ch', orderId), refund: undone },
})
const carrier = restate.service({ name: 'carrier', handlers: { ship: async (_, asked) => ship(asked) } })

const calls = restate.service({
  name: 'calls',
  handlers: {
    place: async (ctx, { id: orderId, nth, sku, quantity, cents, street, city }) => {
      await ctx.serviceClient(stock).reserve({ orderId, sku, quantity })
      await ctx.serviceClient(bank).charge({ orderId, cents })
      try {
        await ctx.serviceClient(carrier).ship({ orderId, nth, street, city })
        return 'completed'
      } catch (error) {
        if (!(error instanceof restate.TerminalError)) throw error
        await ctx.serviceClient(bank).refund({ orderId })
        await ctx.serviceClient(stock).release({ orderId })
        return 'compensated'
      }
    },
  },
})

const steps = restate.service({
  name: 'steps',
  handlers: {
    place: async (ctx, { id: orderId, nth }) => {
      await ctx.run('reserve', async () => done('re', orderId))
      await ctx.run('charge', async () => done('ch', orderId))
      try {
        await ctx.run('ship', async () => ship({ orderId, nth }))
        return 'completed'
      } catch (error) {
        if (!(error instanceof restate.TerminalError)) throw error
        await ctx.run('refund', undone)
        await ctx.run('release', undone)
        return 'compensated'
      }
    },
  },
})

const port = await restate.serve({
  services: [stock, bank, carrier, calls, steps],
  port: Number(process.env.BENCH_PORT),
  logger: () => {},
})
process.stdout.write(`{"ready":true,"port":${port}}\n`)
process.stdin.on('end', () => process.exit(0)).resume()
