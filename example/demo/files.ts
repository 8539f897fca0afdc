/**
 * Where the demo finds what is not compiled: its YAML file and its page stay in the source tree,
 * while this module runs from dist/example/demo.
 */
import { fileURLToPath } from 'node:url'

const root = new URL('../../../', import.meta.url)
const demo = new URL('example/demo/', root)

/** The configuration of the gateway. */
export const configurationFile = fileURLToPath(new URL('realtime.yml', demo))

/** The page: HTML, CSS and browser modules. */
export const pageDirectory = fileURLToPath(new URL('page/', demo))
