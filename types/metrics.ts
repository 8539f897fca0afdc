import type { Health } from './health.js'

/** What one service counts, since start; `open` and `connectMs` are gauges. */
export interface ServiceFigures {
  /** Connections to it, now and in all. */
  open: number
  opened: number
  /** Connections that failed, and conversations that broke. */
  errors: number
  /** ms that the last connection took; 0 before the first. */
  connectMs: number
  /** Messages of the service, and messages to it. */
  messagesIn: number
  messagesOut: number
  bytesIn: number
  bytesOut: number
  /** Publishes that waited because it reads slowly. */
  pauses: number
  /** Its messages that could not be read, did not fit the schema, or were not taken in time. */
  dropped: number
}

/** What all services count, since start: the sums of {@link ServiceFigures}, and each by its name. */
export interface ServiceMetrics {
  /** Publishes that waited for a service that reads slowly. */
  servicePauses: number
  /** Messages of services that could not be read, did not fit the schema, or were not taken in time. */
  serviceDropped: number
  /** Connections to services that failed, and conversations that broke. */
  serviceErrors: number
  /** Events of services, bytes read from them and written to them. */
  serviceEvents: number
  serviceBytesIn: number
  serviceBytesOut: number
  /** Connections to services, now. */
  serviceConnections: number
  services: Record<string, ServiceFigures>
}

/** Calls both ways: those of clients, and those that the application makes to clients. */
export interface CallMetrics {
  /** Handlers that have not settled yet, also where their deadline is over. */
  callsRunning: number
  /** Calls whose handler was asked, and those of them that were answered with an error. */
  callsMade: number
  callsFailed: number
  /** Calls that wait for the answer of a client. */
  clientCallsOpen: number
  /** Calls to clients, and those of them that failed or were given up. */
  clientCallsMade: number
  clientCallsFailed: number
}

/** Gauges of channels with presence. */
export interface PresenceMetrics {
  /** Members and watchers of all channels: who is on two counts twice. */
  presenceMembers: number
  presenceWatchers: number
}

/** Where a gateway has several nodes: what this one counts of its dealings with the others. All 0 where it is alone. */
export interface BackplaneMetrics {
  /** Gauges: nodes that are there, this one among them; channels and patterns that it is told of. */
  nodes: number
  interests: number
  /** Gauges: connections here whose sessions live elsewhere, and connections elsewhere whose sessions live here. */
  guests: number
  remoteConnections: number
  /** Events that went to the bus, and that came from it and were taken. */
  backplaneOut: number
  backplaneIn: number
  /** Events that were no events, or did not fit their channel, or were too long for the bus. */
  backplaneRefused: number
  /** Events that came late, for a node was cut off, and at most so many that did not come at all. */
  backplaneRecovered: number
  backplaneMissed: number
  /** Messages that were passed on to the node of their session, and sessions that came from another node. */
  relayed: number
  adopted: number
}

/** Counters since start, and gauges of now. Plain numbers, cheap to read. */
export interface Metrics extends ServiceMetrics, CallMetrics, PresenceMetrics, BackplaneMetrics {
  /** Gauges. */
  sessions: number
  subscriptions: number
  links: number
  heldConnects: number
  /** Messages that came in, and that went out (replies and events). */
  messagesIn: number
  messagesOut: number
  /** Messages published by clients and by the application, and their deliveries to sessions. */
  published: number
  delivered: number
  handshakes: number
  /** Sessions that expired, that were ended because they read too slowly, that moved to another connection. */
  expired: number
  overflowed: number
  takenOver: number
  /** Events dropped because their session reads too slowly, where the channel says `overflow: 'drop-oldest'`. */
  dropped: number
  /** Events that were published before, delivered to who asked for them. */
  replayed: number
  /** Times that services and replays were paused for a slow client, and that a client was not read because its lane was full. */
  clientPauses: number
  lanePauses: number
  /** Connects that were not held because their browser polls already. */
  pollsDeclined: number
  /** Error replies, and services that broke, by Bayeux code: `{ 402: 3 }`. */
  refused: Record<number, number>
  /** HTTP answers that are refusals, by status. */
  httpRefused: Record<number, number>
  /** WebSockets that the gateway closed, by code; 1006: cut for silence. */
  socketsClosed: Record<number, number>
}

/** What a `monitoring` service says: this process, and what the gateway counts. */
export interface Figures {
  pid: number
  /** Percent of one core, since the figures before. */
  cpu: number
  /** Bytes: resident, and of the JavaScript heap. */
  rss: number
  heap: number
  /** Seconds since the process began. */
  uptime: number
  /** ms that timers are late, on average. */
  eventLoopDelay: number
  sessions: number
  /** Messages in and out. */
  messagesPerSecond: number
  /** What the gateway counts, a second, since the figures before. */
  rates: Rates
  gateway: Metrics
  /** How the gateway and its services are. */
  health: Health
}

/** How often something happens, a second. */
export interface Rates {
  messagesIn: number
  messagesOut: number
  published: number
  delivered: number
  handshakes: number
  /** Error replies, and services that broke. */
  refused: number
}
