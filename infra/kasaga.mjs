#!/usr/bin/env node
/** The command `kasaga`: the CLI on a Node that fits. */
import { watchParent } from './launch.mjs'
import { start } from './start.mjs'

// Started by npm it ends with npm. Started from a shell it may outlive the shell, as any command may.
if (process.env.npm_lifecycle_event !== undefined) watchParent(() => process.exit(1))
await start(['services/cli/main.ts', ...process.argv.slice(2)])
