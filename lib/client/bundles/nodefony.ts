/** The classic script of the Nodefony layer: `stage.realtime`, where Nodefony's pages look for it. */
import { Realtime } from '../nodefony.js'

const page = globalThis as { stage?: Record<string, unknown> }

page.stage = { ...page.stage, Realtime, realtime: Realtime }
