/** The page at `/`: counts and links, for whoever opens the gateway in a browser. No script, nothing from elsewhere. */
import type { StatusCounts } from '../../shared/adapters/postgres/view-queries.ts'
import type { App, Parts } from './app.ts'

const STYLE = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}
table{border-collapse:collapse}th,td{text-align:left;padding:.2rem 1.5rem .2rem 0}
td:last-child{text-align:right;font-variant-numeric:tabular-nums}.stuck{color:#c22;font-weight:bold}`

const LINKS: readonly (readonly [path: string, text: string])[] = [
  ['/v1/sagas', 'sagas, newest first'],
  ['/v1/sagas?status=stuck', 'sagas that need a person'],
  ['/openapi.json', 'OpenAPI document'],
  ['/readyz', 'ready, and how far the views are'],
  ['/metrics', 'metrics'],
]

function row([status, count]: readonly [string, number]): string {
  const mark = status === 'stuck' && count > 0 ? ' class="stuck"' : ''
  const note = mark ? ' (needs a person)' : ''
  return `<tr${mark}><th scope="row">${status}${note}</th><td>${count}</td></tr>`
}

/** The page; nothing in it comes from outside but numbers. */
export function page(counts: StatusCounts, anonymous: boolean): string {
  const warning = anonymous ? '<p class="stuck">Open to anyone who can reach it: no authentication is set up.</p>' : ''
  const rows = Object.entries(counts).map(row).join('')
  const links = LINKS.map(([path, text]) => `<li><a href="${path}">${text}</a></li>`).join('')
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Kasaga</title><link rel="stylesheet" href="/style.css"></head><body><h1>Kasaga</h1>${warning}
<table><tbody>${rows}</tbody></table><ul>${links}</ul></body></html>`
}

/** Adds `/` and its style sheet. */
export function pageRoutes(app: App, { reads }: Parts, anonymous: boolean): void {
  app.get('/', { schema: { hide: true } }, async (_request, reply) => {
    const { counts } = await reads.counts()
    return reply.type('text/html; charset=utf-8').send(page(counts, anonymous))
  })
  app.get('/style.css', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(STYLE),
  )
}
