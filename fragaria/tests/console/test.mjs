// The console of the built binary, driven in a browser.
import { execFileSync } from 'node:child_process';
import { shipped } from '../shipped.mjs';

const QUERY = '{ products(limit: 2, orderBy: [{ id: ASC }]) { id price category { name } } }';

await shipped(({ url }) => {
  const args = ['browser.mjs', `${url}/`, QUERY, '"price": "', '"category": {'];
  execFileSync(process.execPath, args, { stdio: 'inherit' });
});
