/**
 * ①–⑦ Group 10, what is not about claims: secrets, connections and who may do what on them.
 */
import { group } from '../statement.ts'

export const secretsAndLinks = group('10. Key management: secrets and links', [
  {
    id: 'KM-05',
    priority: 'P0',
    text: 'No secret in the repository, in images, logs, numbers, errors or defaults; none comes with the product',
    source: 'ASVS 13.3.1, 13.2.3, 6.3.2',
  },
  {
    id: 'KM-06',
    priority: 'P0',
    text: 'Connections between the parts are encrypted and authenticated, without a fallback',
    source: 'ASVS 12.3.1 to 12.3.5, 13.2.1',
  },
  {
    id: 'KM-07',
    priority: 'P0',
    text: 'Every service may do what it must and nothing more',
    source: 'ASVS 13.2.2, 13.3.2',
  },
])
