import type { Way } from './append-way.ts';
export const headWay: Way = {
  name: 'head',
  prepare: async () => {
    throw new Error('not there');
  },
};
