/*
 * One of each banned call, for banned.py to find; never compiled. A call in a comment, such as strcpy(a, b), is none.
 */
static const char quoted[] = "system(\"quoted\")"; // nor is time(NULL) here
static void my_strcpy(void);
static struct { void (*time)(void); } object;
void fixture(void)
{
    my_strcpy();
    object.time();
    strtok_r(quoted, "", 0);
    strcpy();
    strcat();
    stpcpy();
    sprintf();
    vsprintf();
    gets();
    strncpy();
    strncat();
    scanf();
    sscanf();
    fscanf();
    atoi();
    atol();
    atoll();
    atof();
    strtok();
    system();
    popen();
    alloca();
    rand();
    random();
    srand();
    drand48();
    lrand48();
    time();
    gettimeofday();
    clock_gettime();
    localtime();
    gmtime();
    ctime();
    asctime();
    mktemp();
    tmpnam();
    tempnam();
    setjmp();
    longjmp();
}
