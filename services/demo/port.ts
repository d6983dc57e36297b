/** The port that the API will listen on, tried before anything is opened. */
import { once } from 'node:events'
import { createServer } from 'node:net'
import { messageOf, OperationalError } from '../../shared/message/errors.ts'

const LOOPBACK = '127.0.0.1'

/** @throws OperationalError `address-unusable` when nothing can listen there. */
export async function expectFree(port: number): Promise<void> {
  const server = createServer().listen(port, LOOPBACK)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const why = `cannot listen on ${LOOPBACK}:${port}: ${messageOf(cause)}`
    throw new OperationalError('address-unusable', why, { where: 'demo', retriable: false, cause })
  }
  server.close()
  await once(server, 'close')
}
