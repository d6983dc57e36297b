import { type EventEmitter, once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { kafkajsLog } from '../../../shared/adapters/kafka/kafka-log.ts'
import { kafkajsCluster } from '../../../shared/adapters/kafka/kafkajs-internals.ts'
import { noLog } from '../../../shared/ports/telemetry.ts'

interface Pool {
  getConnection(index: number): Promise<unknown>
  pool: readonly { disconnect(): Promise<unknown> }[]
}

/** A listener that accepts and says nothing. */
async function listener() {
  const sockets: Socket[] = []
  const server = createServer((socket) => void sockets.push(socket.on('error', () => {}))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  return { sockets, port: typeof address === 'object' && address !== null ? address.port : 0 }
}

async function poolTo(port: number): Promise<Pool> {
  const cluster = kafkajsCluster(
    {
      brokers: [`127.0.0.1:${port}`],
      clientId: 'mends',
      ssl: undefined,
      sasl: undefined,
      connectionTimeout: 1_000,
      requestTimeout: 1_000,
      metadataMaxAge: 1_000,
      retry: { retries: 0, initialRetryTime: 1, maxRetryTime: 1 },
    },
    kafkajsLog(noLog),
  ) as unknown as { connectionPoolBuilder: { build(): Promise<Pool> } }
  const pool = await cluster.connectionPoolBuilder.build()
  onTestFinished(async () => void (await Promise.all(pool.pool.map((connection) => connection.disconnect()))))
  return pool
}

test('requests that find a connection closed at the same time open one socket, and later ones keep it', async () => {
  const { sockets, port } = await listener()
  const pool = await poolTo(port)
  await Promise.all(Array.from({ length: 12 }, () => pool.getConnection(1)))
  await pool.getConnection(1)
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(sockets).toHaveLength(1)
  await pool.pool[1]?.disconnect()
  await pool.getConnection(1)
  await expect.poll(() => sockets.length).toBe(2)
})

test('an attempt that fails is told to all who wait, and the next one is made anew', async () => {
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const address = closed.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await new Promise((resolve) => closed.close(resolve))
  const pool = await poolTo(port)
  const tries = await Promise.allSettled(Array.from({ length: 3 }, () => pool.getConnection(0)))
  expect(tries.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  closed.listen(port, '127.0.0.1')
  await once(closed, 'listening')
  onTestFinished(() => void closed.close())
  await pool.getConnection(0)
})

test('a connection that is being closed while a request is unanswered is closed once, however often it is asked for', async () => {
  const { port } = await listener()
  const pool = await poolTo(port)
  const connection = (await pool.getConnection(0)) as unknown as Connection
  const queue = connection.requestQueue
  // A request is out, and nothing answers it.
  queue.inflight.set(7, {})
  const closings = Array.from({ length: 12 }, () => connection.disconnect())
  expect(queue.listenerCount('requestQueueEmpty')).toBe(1)
  queue.inflight.delete(7)
  queue.emit('requestQueueEmpty')
  await Promise.all(closings)
  expect(connection.connectionStatus).toBe('disconnected')
})

interface Connection {
  readonly connectionStatus: string
  readonly requestQueue: EventEmitter & { readonly inflight: Map<number, object> }
  disconnect(): Promise<unknown>
}

interface Response {
  parse(description: unknown): Promise<{ topicMetadata: { partitionMetadata: unknown[] }[] }>
}

const described = (...codes: number[]) => ({
  topicMetadata: [
    {
      topicErrorCode: 0,
      topic: 't',
      partitionMetadata: codes.map((partitionErrorCode, partitionId) => ({
        partitionErrorCode,
        partitionId,
        leader: 2,
      })),
    },
  ],
})

test('a partition without a leader does not hide the others', async () => {
  const require = createRequire(import.meta.url)
  const v6 = require('kafkajs/src/protocol/requests/metadata/v6/response.js') as Response
  const { topicMetadata } = await v6.parse(described(0, 5, 9))
  expect(topicMetadata[0]?.partitionMetadata).toEqual([
    { partitionErrorCode: 0, partitionId: 0, leader: 2 },
    { partitionErrorCode: 0, partitionId: 1, leader: -1 },
    { partitionErrorCode: 0, partitionId: 2, leader: 2 },
  ])
  await expect(v6.parse(described(0, 29))).rejects.toMatchObject({ code: 29 })
})
