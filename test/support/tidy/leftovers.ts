/** What must not stay in the tree: tests that do not run, open ends, traces of one machine. */
import { findings, type Rule } from './source.ts'

const WHY_IDLE = 'a test that does not run says nothing'

/** Tests that switch off the others, or are switched off. What test/support skips is said, with the reason, when it runs. */
export const idleTests: Rule = (file) => {
  if (!file.path.startsWith('test/')) return []
  const idle = file.path.startsWith('test/support/')
    ? /\.only\b/g
    : /\b(?:it|test|describe)\.(?:only|skip|todo|fails)\b/g
  return findings(file, file.code, idle, { what: '%', why: WHY_IDLE })
}

/** Open ends without a reason. */
export const openEnds: Rule = (file) =>
  findings(file, file.text, /\b(?:TOD[O]|FIXM[E]|XX[X])\b(?!\s*\([^)]{5,}\))/g, {
    what: '% without a reason in parentheses',
    why: 'an open end that nobody can judge is never closed',
  })

/** Paths that exist on one machine only. */
export const machinePaths: Rule = (file) =>
  /^(shared|services)\//.test(file.path)
    ? findings(file, file.uncommented, /['"`](?:\/work|\/root|\/tmp|\/home\/\w+)(?:\/|(?=['"`]))/g, {
        what: 'the path %',
        why: 'the code runs on machines that are laid out otherwise',
      })
    : []

/** Hosts of package registries, and checkouts of one machine, anywhere in the repository. */
export const machineTraces: Rule = (file) =>
  [
    /"resolved": "https?:[^"]*/g,
    /^\s*registry\s*=.*$/gm,
    /^FROM +[\w-]+(?:\.[\w-]+)+(?::\d+)?\/\S+/gm,
    /['"` (=](?:\/work\/(?:main|shared)|\/root\/)/g,
  ].flatMap((pattern) =>
    findings(file, file.text, pattern, {
      what: "'%'",
      why: 'whoever installs decides where packages come from, and nobody else has our folders',
    }),
  )
