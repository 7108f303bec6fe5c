/* Shifts by more than the type is wide: UndefinedBehaviorSanitizer must end it. Run by tests/check must-fail. */
int main(int argc, char **argv)
{
    (void)argv;
    int by = 31 + argc; /* argc is 1 */
    return (argc << by) & 0;
}
