declare module 'parse-prometheus-text-format' {
  /** One metric; numbers are texts, as in the format. */
  export interface Family {
    readonly name: string
    readonly help: string
    readonly type: string
    readonly metrics: readonly { readonly value: string, readonly labels?: Readonly<Record<string, string>> }[]
  }

  /** @throws where the text is not of the format */
  export default function parse (text: string): Family[]
}
