/**
 * Ends connections so that their last answers arrive.
 *
 * A socket that is destroyed while its caller still sends resets the connection, and what the caller has not read yet is
 * lost: a body that is refused as too large would look like a broken server. So the answers are sent, the end is told,
 * and what still comes is thrown away unread until the caller closes.
 */
import type { Socket } from 'node:net'
import type { App } from './app.ts'

/** How long a caller has to read what was answered and to close. */
const LINGER_MS = 5_000

const thrownAway = () => {}

/** Ends the connection once its answers are sent. Nothing that still comes on it is read as a request. */
export function lingerOn(socket: Socket): void {
  socket.removeAllListeners('data').on('data', thrownAway).resume()
  socket.end()
  const late = setTimeout(() => socket.destroy(), LINGER_MS).unref()
  socket.once('close', () => clearTimeout(late))
}

/** From now on every connection lingers after its last answer. */
export function lingerAfterLast(app: App): void {
  app.server.on('connection', (socket) => {
    // Node calls this after an answer that says `connection: close`.
    socket.destroySoon = () => lingerOn(socket)
  })
}
