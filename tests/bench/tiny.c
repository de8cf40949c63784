/* SPDX-License-Identifier: BSD-2-Clause */
/* tiny - what `load exec` runs: linked statically, it ends at once. */
int main(void)
{
	return 0;
}
