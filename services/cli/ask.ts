/** What every command that asks the gateway has: its options, a client, and a way to write results. */
import type { Command } from 'commander'
import { type HttpClient, httpClient } from '../../shared/client/http-client.ts'
import { CliFailure } from './failure.ts'
import type { Surroundings } from './surroundings.ts'

export interface AskOptions {
  readonly url: string
  readonly json?: boolean
}

/** Adds `--url` and `--json`, and an example. */
export function asking(command: Command, around: Surroundings, example: string): Command {
  return command
    .option('--url <url>', 'where the gateway is (or KASAGA_URL)', around.url)
    .option('--json', 'the result as one line of JSON')
    .addHelpText('after', `\nExample:\n  $ ${example}`)
}

/** A client of the gateway that the options name. */
export function clientOf({ url }: AskOptions): HttpClient {
  const known = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
  if (!known)
    throw new CliFailure(2, 'bad-url', {
      message: `${url} is not an http address`,
      next: 'Say --url http://127.0.0.1:7070',
    })
  return httpClient({ url })
}

/** Writes a result: as JSON where that is asked for, else as text. */
export function writeResult(around: Surroundings, options: AskOptions, result: { json: unknown; text: string }): void {
  around.stdout.write(`${options.json ? JSON.stringify(result.json) : result.text}\n`)
}
