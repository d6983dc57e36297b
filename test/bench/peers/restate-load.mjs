/** Asks Restate's ingress over HTTP/2, many calls on a few connections. */
import { connect } from 'node:http2'
import { serveLoad } from './closed-loop.mjs'

const SESSIONS = 8
const { BENCH_INGRESS: ingress = '', BENCH_SERVICE: service = '' } = process.env
const sessions = Array.from({ length: SESSIONS }, () => connect(ingress))
let next = 0

function place(order) {
  return new Promise((resolve, reject) => {
    const headers = { ':method': 'POST', ':path': `/${service}/place`, 'content-type': 'application/json' }
    const stream = sessions[next++ % SESSIONS].request(headers)
    let text = ''
    stream.setEncoding('utf8')
    stream.on('data', (chunk) => {
      text += chunk
    })
    stream.on('end', () => {
      try {
        resolve(JSON.parse(text))
      } catch (error) {
        reject(error)
      }
    })
    stream.on('error', reject)
    stream.end(JSON.stringify(order))
  })
}

await serveLoad(place)
