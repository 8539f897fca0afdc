/**
 * What travels on which channel, as types: one map for both sides, by channel or pattern.
 *
 *     interface Channels { '/chat/*': { user: string, text: string }, '/news': string }
 *
 * The most specific entry that fits a channel says what its data is: the channel itself, then `/*`, then the
 * deepest `/**`. Who subscribes to a wider pattern gets the data of all that it covers.
 */

/** Any channel with any data: what is known where nothing was said. */
export type AnyChannels = any

type Name<Channels> = keyof Channels & string

/** Whether a channel fits a pattern: `/*` is one segment more, `/**` one or more. */
type Fits<Channel extends string, Pattern extends string> =
  Pattern extends `${infer Parent}/**` ? Channel extends `${Parent}/${string}` ? true : false
    : Pattern extends `${infer Parent}/*` ? Channel extends `${Parent}/${infer Rest}` ? Rest extends `${string}/${string}` ? false : true : false
      : false

type Fitting<Channel extends string, Pattern extends string> = Pattern extends string ? Fits<Channel, Pattern> extends true ? Pattern : never : never
type Deep<Pattern extends string> = Extract<Pattern, `${string}/**`>
type Deepest<Pattern extends string, All extends string = Pattern> =
  Pattern extends `${infer Parent}/**` ? [Extract<Exclude<All, Pattern>, `${Parent}/${string}`>] extends [never] ? Pattern : never : never

type MostSpecific<Pattern extends string> = [Exclude<Pattern, Deep<Pattern>>] extends [never] ? Deepest<Pattern> : Exclude<Pattern, Deep<Pattern>>

/** The entries that a pattern covers: itself, channels, and for `/**` narrower patterns. */
type Covered<Channels, Pattern extends string> = { [Entry in Name<Channels>]: Entry extends Pattern ? Entry : Covers<Pattern, Entry> extends true ? Entry : never }[Name<Channels>]
type Covers<Pattern extends string, Entry extends string> = Entry extends `${string}*` ? Pattern extends `${string}/**` ? Fits<Entry, Pattern> : false : Fits<Entry, Pattern>

/** The data of some entries, or of the entry that a channel or pattern falls under where there are none. */
type DataOf<Channels, Entry extends string, Otherwise extends string> =
  [Entry] extends [never] ? Channels[MostSpecific<Fitting<Otherwise, Name<Channels>>> & keyof Channels] : Channels[Entry & keyof Channels]

/** The data that may be published to a channel; `never` where the map has none. */
export type Published<Channels, Channel extends string> =
  string extends keyof Channels ? Channels[string & keyof Channels]
    : Channel extends `${string}*` ? never
      : Channel extends keyof Channels ? Channels[Channel]
        : Channels[MostSpecific<Fitting<Channel, Name<Channels>>> & keyof Channels]

/** The data that a subscription to a channel or a pattern gets; `never` where the map has none. */
export type Received<Channels, Channel extends string> =
  string extends keyof Channels ? Channels[string & keyof Channels]
    : Channel extends `${string}*` ? DataOf<Channels, Covered<Channels, Channel>, Channel>
      : Published<Channels, Channel>

type Below<Entry extends string> = Entry extends `${infer Parent}/**` ? `${Parent}/${string}` : Entry extends `${infer Parent}/*` ? `${Parent}/${string}` : Entry
type Covering<Entry extends string> = Entry extends `/${string}` ? '/**' | (Entry extends `${infer Parent}/${string}` ? `${Parent}/${string}*` : never) : never

/** The channels of a map, for editors to suggest. */
export type ChannelOf<Channels> = string extends keyof Channels ? string : Below<Name<Channels>>

/** The channels and patterns of a map that may be subscribed to. */
export type PatternOf<Channels> = string extends keyof Channels ? string : Name<Channels> | Below<Name<Channels>> | Covering<Name<Channels>>

/** A channel as it is, unless the map says nothing about it: then nothing fits. */
export type Known<Channel extends string, Data> = [Data] extends [never] ? never : Channel

/** The map of what schemas describe: `{ '/chat/*': { schema: Type.Object(…) } }`, as the types that they stand for. */
export type ChannelsOf<Definitions> = {
  [Channel in keyof Definitions]: Definitions[Channel] extends { readonly schema: { static: infer Data } } ? Data : unknown
}
