/**
 * What a command is given: where to write, what the environment and the command line say, and who is logged in.
 */
import { Operator } from './account/operator.ts'
import { baseUrl } from './account/addresses.ts'
import { profileFile, readProfile } from './account/profiles.ts'
import type { Settings } from './config.ts'
import { EXIT } from './exit-codes.ts'
import { Failure, usage } from './failure.ts'
import { Output } from './terminal/output.ts'

/** Options that every command has. */
export type GlobalOptions = {
  readonly json?: true | undefined
  readonly profile?: string | undefined
  readonly server?: string | undefined
  readonly gateway?: string | undefined
}

export class Context {
  readonly output: Output
  readonly settings: Settings
  /** Where this profile is kept. */
  readonly profileFile: string

  constructor(options: GlobalOptions, settings: Settings) {
    this.output = new Output({ isJson: options.json === true, isDumb: settings.isTerminalDumb })
    this.settings = {
      ...settings,
      server: options.server ?? settings.server,
      gateway: options.gateway ?? settings.gateway,
      profile: options.profile ?? settings.profile,
    }
    this.profileFile = profileFile(settings.directory, this.settings.profile)
  }

  /** Whoever is logged in. @throws Failure where nobody is, or at other addresses than those asked for */
  async operator(): Promise<Operator> {
    const profile = await readProfile(this.profileFile)
    if (profile === undefined)
      throw new Failure(EXIT.refused, 'Nobody is logged in here.', {
        code: 'not-logged-in',
        hint: 'curfew login',
      })
    for (const which of ['server', 'gateway'] as const) {
      const asked = this.settings[which]
      if (asked === undefined || baseUrl(asked, this.settings) === profile[which]) continue
      throw usage(
        `The profile "${this.settings.profile}" is logged in at ${profile[which]}, not at ${asked}.`,
        'Log in there, with a profile of its own: curfew login --profile NAME',
      )
    }
    return new Operator(this.profileFile, profile)
  }
}
