"""The Climkit dashboard, in a home whose history has both changes of clocks and a hole."""
