// Logs in with a password and asks for a service ticket, by what the JDK has for it.

import java.security.PrivilegedExceptionAction;
import java.util.Map;
import javax.security.auth.Subject;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.PasswordCallback;
import javax.security.auth.login.AppConfigurationEntry;
import javax.security.auth.login.AppConfigurationEntry.LoginModuleControlFlag;
import javax.security.auth.login.Configuration;
import javax.security.auth.login.LoginContext;
import org.ietf.jgss.GSSContext;
import org.ietf.jgss.GSSManager;
import org.ietf.jgss.Oid;

public class Login {
    private static final String MODULE = "com.sun.security.auth.module.Krb5LoginModule";

    public static void main(String[] args) throws Exception {
        String user = args[0], password = args[1], service = args[2];
        var configuration = new Configuration() {
            @Override
            public AppConfigurationEntry[] getAppConfigurationEntry(String name) {
                return new AppConfigurationEntry[] {
                    new AppConfigurationEntry(MODULE, LoginModuleControlFlag.REQUIRED, Map.of())
                };
            }
        };
        var login = new LoginContext("login", null, callbacks -> {
            for (var callback : callbacks) {
                if (callback instanceof NameCallback name) {
                    name.setName(user);
                } else if (callback instanceof PasswordCallback secret) {
                    secret.setPassword(password.toCharArray());
                }
            }
        }, configuration);
        login.login();
        Subject.doAs(login.getSubject(), (PrivilegedExceptionAction<Void>) () -> {
            var manager = GSSManager.getInstance();
            var principal = new Oid("1.2.840.113554.1.2.2.1");
            var mechanism = new Oid("1.2.840.113554.1.2.2");
            var name = manager.createName(service, principal);
            var context = manager.createContext(name, mechanism, null, GSSContext.DEFAULT_LIFETIME);
            context.initSecContext(new byte[0], 0, 0);
            return null;
        });
        // Both tickets, as the subject has them.
        login.getSubject().getPrivateCredentials(javax.security.auth.kerberos.KerberosTicket.class)
            .forEach(ticket -> System.out.println(ticket.getClient() + " for " + ticket.getServer()));
    }
}
