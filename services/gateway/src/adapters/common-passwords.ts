/**
 * ① The passwords that attackers try first: the list of @zxcvbn-ts/language-common (MIT), some 49 000 drawn from leaks.
 */
import { dictionary } from '@zxcvbn-ts/language-common'

export function readCommonPasswords(): ReadonlySet<string> {
  return new Set(dictionary['passwords-common'])
}
