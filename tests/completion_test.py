"""The scripts of `flowtrain completion`: what a shell offers.

usage: completion_test.py FLOWTRAIN
"""
import shutil
import subprocess
import sys
import tempfile
import unittest

FLOWTRAIN = sys.argv.pop(1)


def script(shell):
    return subprocess.run([FLOWTRAIN, "completion", shell], check=True, text=True, stdout=subprocess.PIPE).stdout


class Completion(unittest.TestCase):
    def offered(self, *words):
        """What bash offers for the last of the words."""
        line = " ".join(f"'{word}'" for word in words)
        text = (f"compopt() {{ :; }}\n{script('bash')}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}\n"
                'COMPREPLY=(); _flowtrain; printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-euc", text], text=True, stdout=subprocess.PIPE, check=True)
        return done.stdout.split()

    def test_bash_offers_commands_options_parameters_and_types(self):
        self.assertIn("timing", self.offered("flowtrain", "ti"))
        self.assertEqual(self.offered("flowtrain", "timing", "--trac"), ["--trace"])
        self.assertIn("--resume", self.offered("flowtrain", "graphs/simclr.yaml", "--res"))
        self.assertNotIn("--resume", self.offered("flowtrain", "timing", "--res"))
        self.assertEqual(self.offered("flowtrain", "g.yaml", "--set", "train.epo"), ["train.epochs="])
        self.assertEqual(self.offered("flowtrain", "nodes", "KnnE"), ["KnnEvaluate"])

    def test_other_shells_can_read_theirs(self):
        for shell in ("zsh", "fish"):
            text = script(shell)
            for part in ("timing", "train.epochs=", "KnnEvaluate"):
                self.assertIn(part, text)
            if shutil.which(shell) is None:
                print(f"{shell} is not installed: its script is not read")
                continue
            with tempfile.NamedTemporaryFile("w", suffix=f".{shell}") as file:
                file.write(text)
                file.flush()
                subprocess.run([shell, "-n", file.name], check=True)

    def test_an_unknown_shell_is_refused(self):
        done = subprocess.run([FLOWTRAIN, "completion", "tcsh"], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("tcsh", done.stdout)


if __name__ == "__main__":
    unittest.main()
