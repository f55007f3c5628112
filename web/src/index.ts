/** What a page gets by importing the package. */

export {};
