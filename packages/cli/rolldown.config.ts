/**
 * The program with all that it needs, so that the package needs nothing but Node.
 */
import { defineConfig, type OutputOptions } from 'rolldown'

export const output: OutputOptions = {
  dir: 'dist',
  cleanDir: true,
  format: 'esm',
  entryFileNames: 'curfew.js',
  chunkFileNames: '[name].js',
}

export default defineConfig({
  input: 'src/main.ts',
  platform: 'node',
  // What `engines` in package.json promises.
  transform: { target: 'node22.12' },
  output,
})
